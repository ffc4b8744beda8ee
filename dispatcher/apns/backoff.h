#pragma once

#include <chrono>
#include <cstdint>

#include "dispatcher/runtime/random_source.h"

namespace reveille::apns {

// How long to wait between attempts to connect: "full jitter", uniform between nothing and a bound
// that doubles with each failure in a row, so that clients cut off together do not return together.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds max)
      : first_(first), max_(max), bound_(first) {}

  std::chrono::milliseconds after_failure(RandomSource& random);
  void reset() { bound_ = first_; }

 private:
  const std::chrono::milliseconds first_;
  const std::chrono::milliseconds max_;
  std::chrono::milliseconds bound_;
};

}  // namespace reveille::apns
