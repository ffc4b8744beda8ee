#include "tools/simulators/latency_histogram.h"

#include <algorithm>
#include <bit>

namespace reveille::simulators {

void LatencyHistogram::add(std::chrono::microseconds latency) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
  std::size_t index = value;
  if (value >= 16) {
    const auto power = static_cast<std::size_t>(std::bit_width(value)) - 5;
    index = (power + 1) * 16 + ((value >> power) & 15);
  }
  ++buckets_[std::min(index, buckets_.size() - 1)];
  ++count_;
}

std::chrono::microseconds LatencyHistogram::percentile(double share) const {
  const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
  std::uint64_t seen = 0;
  for (std::size_t index = 0; index < buckets_.size(); ++index) {
    seen += buckets_[index];
    if (buckets_[index] == 0 || seen <= wanted) continue;
    if (index < 16) return std::chrono::microseconds(index);
    const std::size_t power = index / 16 - 1;
    return std::chrono::microseconds((16 + index % 16) << power);
  }
  return std::chrono::microseconds(0);
}

}  // namespace reveille::simulators
