#include "dispatcher/runtime/network_lanes.h"

#include <boost/asio/executor_work_guard.hpp>

#include "protocol/base/ensure.h"

namespace reveille {

NetworkLanes::NetworkLanes(std::size_t count) {
  ensure(count > 0, "at least one network lane");
  for (std::size_t i = 0; i < count; ++i) {
    contexts_.push_back(std::make_unique<boost::asio::io_context>(1));
  }
}

NetworkLanes::~NetworkLanes() { ensure(threads_.empty(), "stop() before the end of its lanes"); }

void NetworkLanes::start() {
  for (const auto& context : contexts_) {
    threads_.emplace_back([&lane = *context] {
      const auto work = boost::asio::make_work_guard(lane);
      lane.run();
    });
  }
}

void NetworkLanes::stop() {
  for (const auto& context : contexts_) context->stop();
  threads_.clear();  // joins
}

}  // namespace reveille
