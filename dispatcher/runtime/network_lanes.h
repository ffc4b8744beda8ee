#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace reveille {

// The threads that own sockets: one io_context each. An object made on a lane lives and dies there.
class NetworkLanes {
 public:
  explicit NetworkLanes(std::size_t count);
  // stop() must have been called.
  ~NetworkLanes();

  std::size_t count() const { return contexts_.size(); }
  boost::asio::io_context& context(std::size_t lane) { return *contexts_[lane]; }

  void start();  // one thread for each lane
  void stop();   // stops every io_context and joins; what its coroutines own is destroyed there

 private:
  std::vector<std::unique_ptr<boost::asio::io_context>> contexts_;
  std::vector<std::jthread> threads_;
};

}  // namespace reveille
