#include "dispatcher/apns/backoff.h"

#include <algorithm>

namespace reveille::apns {

std::chrono::milliseconds Backoff::after_failure(RandomSource& random) {
  const std::chrono::milliseconds bound = std::min(bound_, max_);
  bound_ = std::min(2 * bound, max_);
  return std::chrono::milliseconds(random.below(static_cast<std::uint64_t>(bound.count()) + 1));
}

Clock::SteadyTime Backoff::next_attempt(Clock::SteadyTime now, Clock::SteadyTime pause_ends,
                                        RandomSource& random) {
  return now < pause_ends ? pause_ends : now + after_failure(random);
}

}  // namespace reveille::apns
