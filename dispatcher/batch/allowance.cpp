#include "dispatcher/batch/allowance.h"

#include <algorithm>

namespace reveille::batch {

Allowance::Allowance(std::uint32_t per_second, Clock::SteadyTime now) {
  if (per_second == 0) return;
  constexpr std::chrono::nanoseconds second = std::chrono::seconds(1);
  interval_ = second / per_second;
  burst_ = std::max(interval_, second / 5 / interval_ * interval_);
  next_ = now + burst_ - interval_;
}

std::size_t Allowance::available(std::size_t count_max, Clock::SteadyTime now) const {
  if (!is_limited()) return count_max;
  const auto ahead = now + burst_ - std::max(next_, now);
  if (ahead < interval_) return 0;
  return std::min(count_max, static_cast<std::size_t>(ahead / interval_));
}

std::size_t Allowance::worthwhile(std::size_t count_max) const {
  if (!is_limited()) return 1;
  const auto half = static_cast<std::size_t>(burst_ / interval_ / 2);
  return std::clamp<std::size_t>(half, 1, count_max);
}

Clock::SteadyTime Allowance::ready_at(std::size_t count) const {
  return next_ - burst_ + interval_ * static_cast<std::int64_t>(count);
}

void Allowance::take(std::size_t count, Clock::SteadyTime now) {
  next_ = std::max(next_, now) + interval_ * static_cast<std::int64_t>(count);
}

}  // namespace reveille::batch
