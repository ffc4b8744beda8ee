#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include "dispatcher/runtime/clock.h"

namespace reveille::apns {

// At most so many TCP connections begun in any minute, whatever else goes wrong: Apple treats rapid
// connecting and disconnecting as an attack. A dial that tries several addresses counts each.
class DialLimit {
 public:
  explicit DialLimit(std::size_t per_minute_max)
      : begun_(per_minute_max == 0 ? 1 : per_minute_max) {}

  // When the next one is allowed; not after `now` when it is allowed now.
  Clock::SteadyTime next_allowed(Clock::SteadyTime now) const {
    return count_ < begun_.size() ? now : begun_[next_] + std::chrono::minutes(1);
  }
  void count(Clock::SteadyTime now) {
    begun_[next_] = now;
    next_ = (next_ + 1) % begun_.size();
    if (count_ < begun_.size()) ++count_;
  }

 private:
  std::vector<Clock::SteadyTime> begun_;  // a ring; `next_` is the oldest once it is full
  std::size_t next_ = 0;
  std::size_t count_ = 0;
};

}  // namespace reveille::apns
