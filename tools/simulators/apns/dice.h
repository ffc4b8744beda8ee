#pragma once

#include <cstdint>
#include <random>

namespace reveille::simulators::apns {

// One connection's dice: the same seed and number give the same bad day.
class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t number)
      : generator_(seed * 0x9E3779B97F4A7C15u + number) {}

  double roll() { return std::uniform_real_distribution<double>(0.0, 1.0)(generator_); }
  double normal() { return std::normal_distribution<double>()(generator_); }
  // Costs nothing for what never or always happens.
  bool happens(double rate) { return rate > 0 && (rate >= 1 || roll() < rate); }

 private:
  std::mt19937_64 generator_;
};

}  // namespace reveille::simulators::apns
