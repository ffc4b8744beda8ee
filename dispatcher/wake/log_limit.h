#pragma once

#include <chrono>
#include <optional>

#include "dispatcher/runtime/clock.h"

namespace reveille::wake {

// One line a minute says as much as the thousands that may have reason to be written. One thread.
class LogLimit {
 public:
  bool allows(Clock::SteadyTime now) {
    if (logged_at_ && now < *logged_at_ + std::chrono::minutes(1)) return false;
    logged_at_ = now;
    return true;
  }

 private:
  std::optional<Clock::SteadyTime> logged_at_;
};

}  // namespace reveille::wake
