#include "bench/load/day_shape.h"

#include <cmath>

#include "protocol/base/ensure.h"

namespace reveille::bench {
namespace {

// Of all hours before this one, rounded: the differences then add up.
std::size_t work_before(std::size_t hour, std::size_t total) {
  double share = 0;
  for (std::size_t i = 0; i < hour; ++i) share += day_shape[i];
  return static_cast<std::size_t>(std::llround(share * static_cast<double>(total)));
}

}  // namespace

std::size_t work_of_hour(std::size_t hour, std::size_t total) {
  ensure(hour < day_shape.size(), "a day has 24 hours");
  const bool is_last = hour + 1 == day_shape.size();
  return (is_last ? total : work_before(hour + 1, total)) - work_before(hour, total);
}

}  // namespace reveille::bench
