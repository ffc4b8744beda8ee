#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "dispatcher/runtime/clock.h"

namespace reveille::batch {

// How many deliveries of a batch may be queued now: at most `per_second` in a second, a fifth of a
// second's worth at once (one at least), so that a slow batch is no storm of single rows. Begins
// with one, so that restarts in a row queue no more than the rate either.
class Allowance {
 public:
  // 0: no limit.
  Allowance(std::uint32_t per_second, Clock::SteadyTime now);

  bool is_limited() const { return interval_.count() > 0; }
  // At most `count_max`.
  std::size_t available(std::size_t count_max, Clock::SteadyTime now) const;
  // Half of what may come at once: worth a commit, and a late timer loses nothing of the rate.
  std::size_t worthwhile(std::size_t count_max) const;
  Clock::SteadyTime ready_at(std::size_t count) const;

  // At most what is available.
  void take(std::size_t count, Clock::SteadyTime now);
  // Of what was taken: nothing was queued with it.
  void give_back(std::size_t count) { next_ -= interval_ * static_cast<std::int64_t>(count); }

 private:
  std::chrono::nanoseconds interval_{0};
  std::chrono::nanoseconds burst_{0};  // how far ahead of the even pace one may be
  // When an even pace would let the next one go (GCRA's theoretical arrival time).
  Clock::SteadyTime next_{};
};

}  // namespace reveille::batch
