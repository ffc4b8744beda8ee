#include "dispatcher/admin/countdown.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace reveille::admin {

namespace asio = boost::asio;

void Countdown::arrive() {
  if (remaining_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  asio::post(lane_, [self = shared_from_this()] {
    if (const auto timer = self->timer_.lock()) timer->cancel();
  });
}

asio::awaitable<void> Countdown::wait(std::shared_ptr<Countdown> countdown,
                                      std::chrono::steady_clock::time_point deadline) {
  // Nothing suspends between this look and the wait below, and the last arrival's cancel() runs on
  // this lane: it cannot fall in between.
  if (countdown->remaining_.load(std::memory_order_acquire) == 0) co_return;
  const auto timer = std::make_shared<asio::steady_timer>(countdown->lane_);
  timer->expires_at(deadline);
  countdown->timer_ = timer;
  co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
  // Reads what the others wrote, when all have arrived.
  countdown->remaining_.load(std::memory_order_acquire);
}

}  // namespace reveille::admin
