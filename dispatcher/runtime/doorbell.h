#pragma once

#include <atomic>
#include <chrono>
#include <semaphore>

namespace reveille {

// Wakes one sleeping thread, once for any number of rings until it looks. What was written before
// ring() is seen after the answer() that follows it.
class Doorbell {
 public:
  // Any thread.
  void ring() {
    if (!rung_.exchange(true)) semaphore_.release();
  }

  // The one thread: call it before looking at what was brought, then sleep.
  void answer() { rung_.exchange(false); }
  void sleep(std::chrono::steady_clock::duration time_max) {
    static_cast<void>(semaphore_.try_acquire_for(time_max));
  }

 private:
  std::atomic<bool> rung_{false};
  std::counting_semaphore<> semaphore_{0};
};

}  // namespace reveille
