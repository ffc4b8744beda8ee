#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/simulators/latency_histogram.h"

namespace reveille::bench {

// What a measurement looked like between two moments, some 250 ms apart.
struct Sample {
  double second = 0;  // since the first phase began
  std::string phase;
  double per_second = 0;
  double cpu_share = 0;  // of one core, of the process that is measured
  double resident_mib = 0;
  double p50_ms = 0, p99_ms = 0;  // 0: nothing was timed
};

// The eyes on a running measurement: one live line on a terminal, and samples for the report.
// Threads: one.
class Telemetry {
 public:
  enum class Live { shown, hidden };
  explicit Telemetry(Live live) : live_(live) {}

  static constexpr std::chrono::milliseconds interval{250};

  // Begins a stage: "seeding", "reveilled, run 2 of 5". What follows belongs to it.
  void phase(std::string name);
  // Whose CPU and memory are looked at from now on; 0: nobody's.
  void watch(pid_t process);

  bool is_due() const;
  // `done` of `total` in this phase; `latencies` since the last sample are taken out.
  void sample(std::uint64_t done, std::uint64_t total, simulators::LatencyHistogram& latencies);
  void sample(std::uint64_t done, std::uint64_t total);

  void clear_line();  // before something else is printed

  const std::vector<Sample>& samples() const { return samples_; }

 private:
  using Time = std::chrono::steady_clock::time_point;

  void show(std::uint64_t done, std::uint64_t total, double per_second);

  Live live_;
  std::vector<Sample> samples_;
  std::string phase_;
  pid_t process_ = 0;
  Time started_ = std::chrono::steady_clock::now();
  Time sampled_ = started_;
  std::uint64_t done_before_ = 0;
  double cpu_before_ = 0;
  std::size_t line_width_ = 0;
};

}  // namespace reveille::bench
