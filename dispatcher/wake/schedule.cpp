#include "dispatcher/wake/schedule.h"

#include <algorithm>

#include "protocol/base/ensure.h"

namespace reveille::wake {

// SplitMix64 (Steele, Lea, Flood 2014); a bias of 2^-40 does not matter to a schedule.
std::uint64_t Jitter::below(std::uint64_t bound) {
  state_ += 0x9e3779b97f4a7c15;
  std::uint64_t value = state_;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return (value ^ (value >> 31)) % bound;
}

std::chrono::milliseconds Jitter::spread(std::chrono::milliseconds duration) {
  const auto tenth = static_cast<std::uint64_t>(duration.count()) / 10;
  const auto shift = static_cast<std::int64_t>(below(2 * tenth + 1));
  return duration + std::chrono::milliseconds(shift - static_cast<std::int64_t>(tenth));
}

storage::Time Jitter::spread_together(storage::Time now, std::chrono::milliseconds duration) {
  const std::chrono::milliseconds tenth = duration / 10, step = tenth / 2;
  const storage::Time exact = now + spread(duration);
  if (step.count() == 0) return exact;
  const storage::Time before = exact - exact.time_since_epoch() % step;
  return before < now + duration - tenth ? before + step : before;
}

std::chrono::milliseconds Jitter::after(std::chrono::milliseconds duration) {
  const auto tenth = static_cast<std::uint64_t>(duration.count()) / 10;
  return duration + std::chrono::milliseconds(below(tenth + 1'000));
}

std::chrono::milliseconds silence_after(std::span<const std::chrono::seconds> silence,
                                        std::uint32_t attempts) {
  ensure(!silence.empty(), "the silence schedule has an element");
  return silence[std::min<std::size_t>(attempts, silence.size() - 1)];
}

std::optional<storage::Time> next_push_at(std::span<const std::chrono::seconds> silence,
                                          std::chrono::seconds long_silence, std::uint32_t attempts,
                                          storage::Time first_pushed_at, storage::Time now,
                                          Jitter& jitter) {
  const storage::Time next = jitter.spread_together(now, silence_after(silence, attempts));
  const bool has_end = long_silence.count() > 0;
  if (has_end && next > first_pushed_at + long_silence) return std::nullopt;
  return next;
}

std::chrono::milliseconds back_off(std::chrono::milliseconds first, std::chrono::milliseconds max,
                                   std::uint32_t failures_before) {
  std::chrono::milliseconds pause = first;
  for (std::uint32_t i = 0; i < failures_before && pause < max; ++i) pause *= 2;
  return std::min(pause, max);
}

}  // namespace reveille::wake
