#include "dispatcher/apns/backoff.h"

#include <algorithm>

namespace reveille::apns {

std::chrono::milliseconds Backoff::after_failure(RandomSource& random) {
  const std::chrono::milliseconds bound = std::min(bound_, max_);
  bound_ = std::min(2 * bound, max_);
  return std::chrono::milliseconds(random.below(static_cast<std::uint64_t>(bound.count()) + 1));
}

}  // namespace reveille::apns
