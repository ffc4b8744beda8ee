#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <ctime>

namespace reveille::bench {

// Calls of operator new in this thread so far. What C libraries take from malloc by themselves
// (OpenSSL, nghttp2 without our allocator) is not among them.
std::uint64_t allocations_of_this_thread();

// What one unit of a benchmark costs, told as the counters "cpu_ns", which bench/compare reads, and
// "allocations". Only what is inside measure() counts: preparation between two calls costs nothing.
// A call costs about a microsecond itself, so let it hold many units.
class UnitCosts {
 public:
  enum class Of { thread, process };  // whose CPU; allocations are always the thread's
  explicit UnitCosts(Of of = Of::thread)
      : clock_(of == Of::thread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_PROCESS_CPUTIME_ID) {}

  template <typename Work>
  void measure(std::size_t units, Work work) {
    const std::uint64_t allocations_before = allocations_of_this_thread();
    const double cpu_before = cpu_nanoseconds();
    work();
    cpu_nanoseconds_ += cpu_nanoseconds() - cpu_before;
    allocations_ += allocations_of_this_thread() - allocations_before;
    units_ += units;
  }

  void report(benchmark::State& state) const {
    const auto units = static_cast<double>(units_);
    state.counters["cpu_ns"] = cpu_nanoseconds_ / units;
    state.counters["allocations"] = static_cast<double>(allocations_) / units;
  }
  double cpu_nanoseconds_per_unit() const { return cpu_nanoseconds_ / static_cast<double>(units_); }

 private:
  double cpu_nanoseconds() const {
    timespec time{};
    clock_gettime(clock_, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
  }

  const clockid_t clock_;
  double cpu_nanoseconds_ = 0;
  std::uint64_t allocations_ = 0;
  std::uint64_t units_ = 0;
};

// A benchmark of one piece of work, `units` times in each iteration.
template <typename Work>
void measure_units(benchmark::State& state, std::size_t units, Work work) {
  UnitCosts costs;
  for (auto _ : state) {
    costs.measure(units, [&] {
      for (std::size_t unit = 0; unit < units; ++unit) work();
    });
  }
  costs.report(state);
}

}  // namespace reveille::bench
