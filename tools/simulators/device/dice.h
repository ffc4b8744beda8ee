#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace reveille::simulators::device {

// A channel's chance: the same seed and number roll the same, on every machine.
class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t number)
      : generator_(seed * 0x9E3779B97F4A7C15u + number) {}

  double roll() { return static_cast<double>(generator_() >> 11) * 0x1p-53; }  // [0, 1)
  bool hits(double rate) { return roll() < rate; }
  std::size_t below(std::size_t bound) {
    return static_cast<std::size_t>(roll() * static_cast<double>(bound));
  }

 private:
  std::mt19937_64 generator_;
};

}  // namespace reveille::simulators::device
