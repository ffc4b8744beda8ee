#pragma once

#include "dispatcher/runtime/clock.h"

namespace reveille::wake {

// Both times of one instant: the store's schedule goes by the wall, pace and back-off by the other.
struct Moment {
  Clock::WallTime wall{};
  Clock::SteadyTime steady{};

  static Moment now(const Clock& clock) { return {clock.wall_now(), clock.steady_now()}; }

  // When the wall clock will show `time`, as far as one can know; at once when that is past.
  Clock::SteadyTime until(Clock::WallTime time) const {
    return time <= wall ? steady : steady + (time - wall);
  }
};

}  // namespace reveille::wake
