#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>

namespace reveille::admin {

// Lets one coroutine wait for many things that happen on other threads, and resumes it once: a
// reply costs one atomic decrement, and only the last one posts.
class Countdown : public std::enable_shared_from_this<Countdown> {
 public:
  // `lane` runs the coroutine that will wait, in one thread; it outlives the last arrive().
  Countdown(const boost::asio::any_io_executor& lane, std::size_t count)
      : lane_(lane), remaining_(count) {}

  // Any thread; at most `count` times. What was written before it is seen by who waited to the end.
  void arrive();

  // On the lane, by one coroutine at a time: until all have arrived, or the deadline.
  static boost::asio::awaitable<void> wait(std::shared_ptr<Countdown> countdown,
                                           std::chrono::steady_clock::time_point deadline);

 private:
  boost::asio::any_io_executor lane_;
  std::atomic<std::size_t> remaining_;
  // The waiting coroutine's; touched on the lane only. Weak: the last arrival may destroy the
  // countdown in another thread, where a timer must not die.
  std::weak_ptr<boost::asio::steady_timer> timer_;
};

}  // namespace reveille::admin
