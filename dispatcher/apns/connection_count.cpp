#include "dispatcher/apns/connection_count.h"

namespace reveille::apns {

void ConnectionCount::consider(const Load& load, Clock::SteadyTime now) {
  const bool all_taken = load.in_flight >= load.streams;
  const bool waits = load.waiting_since && now - *load.waiting_since >= grow_after_;
  // One at a time: the next is asked for when the one before it is there and full as well.
  if (waits && all_taken && load.usable >= wanted_ && wanted_ < connections_max_) {
    ++wanted_;
    spare_since_.reset();
    return;
  }

  const std::size_t streams_without_one =
      load.usable < 2 ? 0 : load.streams / load.usable * (load.usable - 1);
  const bool spare = wanted_ > 1 && !load.waiting_since && 2 * load.in_flight <= streams_without_one;
  if (!spare) {
    spare_since_.reset();
  } else if (!spare_since_) {
    spare_since_ = now;
  } else if (now - *spare_since_ >= shrink_after_) {
    --wanted_;
    spare_since_ = now;
  }
}

}  // namespace reveille::apns
