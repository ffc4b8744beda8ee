#pragma once

#include <chrono>
#include <vector>

#include "tools/simulators/apns/dice.h"

namespace reveille::simulators::apns {

// How late answers are.
class LatencyDistribution {
 public:
  using Duration = std::chrono::microseconds;
  // `share` of all answers take at most `duration`.
  struct Point {
    double share = 0;
    Duration duration{0};
  };

  LatencyDistribution() = default;  // at once
  static LatencyDistribution fixed(Duration duration);
  static LatencyDistribution uniform(Duration least, Duration most);
  // As network and queueing delays tend to be: a median, and a long tail that p99 fixes.
  static LatencyDistribution lognormal(Duration median, Duration p99);
  // Straight between the points, which rise in both; below the first, from nothing.
  static LatencyDistribution percentiles(std::vector<Point> points);

  bool none() const { return kind_ == Kind::fixed && first_ == Duration(0); }
  Duration draw(Dice& dice) const;

 private:
  enum class Kind { fixed, uniform, lognormal, percentiles };

  Kind kind_ = Kind::fixed;
  Duration first_{0}, second_{0};
  std::vector<Point> points_;
};

}  // namespace reveille::simulators::apns
