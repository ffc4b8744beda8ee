#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "storage/records.h"

namespace reveille::wake {

// Spreads wakes over time, so that what was pushed together does not come back together. Cheap, for
// one thread, and unfit for secrets: the seed comes from the RandomSource.
class Jitter {
 public:
  explicit Jitter(std::uint64_t seed) : state_(seed) {}

  // At most a tenth shorter or longer.
  std::chrono::milliseconds spread(std::chrono::milliseconds duration);
  // The same behind `now`, at one of five times or so in the fifth of `duration` that there is: the
  // store keeps what is due at one time together.
  storage::Time spread_together(storage::Time now, std::chrono::milliseconds duration);
  // Never shorter, at most a tenth and a second longer: for what must not be tried before.
  std::chrono::milliseconds after(std::chrono::milliseconds duration);

 private:
  std::uint64_t below(std::uint64_t bound);

  std::uint64_t state_;
};

// How long a device is left in peace after a push, when `attempts` pushes went before it without an
// answer. `silence` is not empty; its last element repeats.
std::chrono::milliseconds silence_after(std::span<const std::chrono::seconds> silence,
                                        std::uint32_t attempts);

// When a device that was pushed now is pushed again if it stays silent; nullopt: not before new
// work, since by then it would have been silent for `long_silence` (0: there is no end).
// `first_pushed_at` is of the pushes in a row without an answer, this one included.
std::optional<storage::Time> next_push_at(std::span<const std::chrono::seconds> silence,
                                          std::chrono::seconds long_silence, std::uint32_t attempts,
                                          storage::Time first_pushed_at, storage::Time now,
                                          Jitter& jitter);

// first, 2 * first, 4 * first, ..., max.
std::chrono::milliseconds back_off(std::chrono::milliseconds first, std::chrono::milliseconds max,
                                   std::uint32_t failures_before);

}  // namespace reveille::wake
