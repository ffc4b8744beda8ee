#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace reveille::simulators {

// Durations by powers of two with sixteen steps each: 3 % wide, fixed in size.
class LatencyHistogram {
 public:
  void add(std::chrono::microseconds latency);
  std::chrono::microseconds percentile(double share) const;  // 0.5, 0.99, 0.999
  std::uint64_t count() const { return count_; }

 private:
  std::array<std::uint64_t, 64 * 16> buckets_{};
  std::uint64_t count_ = 0;
};

}  // namespace reveille::simulators
