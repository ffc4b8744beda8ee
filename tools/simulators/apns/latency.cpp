#include "tools/simulators/apns/latency.h"

#include <cmath>
#include <utility>

namespace reveille::simulators::apns {
namespace {

using Duration = LatencyDistribution::Duration;

constexpr double p99_deviations = 2.3263478740408408;  // of the normal distribution

Duration between(Duration least, Duration most, double share) {
  return least +
         Duration(static_cast<std::int64_t>(share * static_cast<double>((most - least).count())));
}

}  // namespace

LatencyDistribution LatencyDistribution::fixed(Duration duration) {
  LatencyDistribution distribution;
  distribution.first_ = duration;
  return distribution;
}

LatencyDistribution LatencyDistribution::uniform(Duration least, Duration most) {
  LatencyDistribution distribution;
  distribution.kind_ = Kind::uniform;
  distribution.first_ = least;
  distribution.second_ = most;
  return distribution;
}

LatencyDistribution LatencyDistribution::lognormal(Duration median, Duration p99) {
  LatencyDistribution distribution;
  distribution.kind_ = Kind::lognormal;
  distribution.first_ = median;
  distribution.second_ = p99;
  return distribution;
}

LatencyDistribution LatencyDistribution::percentiles(std::vector<Point> points) {
  LatencyDistribution distribution;
  distribution.kind_ = Kind::percentiles;
  distribution.points_ = std::move(points);
  return distribution;
}

LatencyDistribution::Duration LatencyDistribution::draw(Dice& dice) const {
  switch (kind_) {
    case Kind::fixed:
      return first_;
    case Kind::uniform:
      return between(first_, second_, dice.roll());
    case Kind::lognormal: {
      const double median = static_cast<double>(first_.count());
      const double deviation =
          std::log(static_cast<double>(second_.count()) / median) / p99_deviations;
      return Duration(static_cast<std::int64_t>(median * std::exp(deviation * dice.normal())));
    }
    case Kind::percentiles: {
      const double share = dice.roll();
      Point before;
      for (const Point& point : points_) {
        if (share <= point.share) {
          return between(before.duration, point.duration,
                         (share - before.share) / (point.share - before.share));
        }
        before = point;
      }
      return before.duration;
    }
  }
  return Duration(0);
}

}  // namespace reveille::simulators::apns
