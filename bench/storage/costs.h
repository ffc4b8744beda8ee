#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <ctime>

namespace reveille::bench {

// What pieces of work took: on the wall, and of CPU by the whole process, RocksDB's background
// threads included, because what they compact was written by somebody.
class Costs {
 public:
  template <typename Work>
  void measure(std::size_t units, Work work) {
    const auto began = std::chrono::steady_clock::now();
    const double cpu_before = cpu_seconds();
    work();
    cpu_ += cpu_seconds() - cpu_before;
    wall_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    units_ += static_cast<double>(units);
  }

  double cpu_microseconds() const { return cpu_ / units_ * 1e6; }  // a unit
  double wall_microseconds() const { return wall_ / units_ * 1e6; }
  double units_per_second() const { return units_ / wall_; }

 private:
  static double cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }

  double cpu_ = 0, wall_ = 0, units_ = 0;
};

}  // namespace reveille::bench
