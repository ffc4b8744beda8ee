#pragma once

#include <chrono>
#include <cstdint>

#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/random_source.h"

namespace reveille::apns {

// How long to wait between attempts to connect: "full jitter", uniform between nothing and a bound
// that doubles with each failure in a row, so that clients cut off together do not return together.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds max)
      : first_(first), max_(max), bound_(first) {}

  std::chrono::milliseconds after_failure(RandomSource& random);
  // When to try next, of a failure at `now`. What fails during a pause is of the same trouble, such
  // as all connections that are cut together, and does not lengthen it: one bad second of Apple's
  // would keep us away for a minute.
  Clock::SteadyTime next_attempt(Clock::SteadyTime now, Clock::SteadyTime pause_ends,
                                 RandomSource& random);
  void reset() { bound_ = first_; }

 private:
  const std::chrono::milliseconds first_;
  const std::chrono::milliseconds max_;
  std::chrono::milliseconds bound_;
};

}  // namespace reveille::apns
