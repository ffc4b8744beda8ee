#include "bench/load/telemetry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "bench/load/cpu_clock.h"

namespace reveille::bench {
namespace {

double seconds_between(std::chrono::steady_clock::time_point from,
                       std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

double milliseconds(std::chrono::microseconds duration) {
  return static_cast<double>(duration.count()) / 1'000.0;
}

}  // namespace

void Telemetry::clear_line() {
  if (line_width_ != 0) fmt::print(stderr, "\r{:{}}\r", "", line_width_);
  line_width_ = 0;
}

void Telemetry::phase(std::string name) {
  phase_ = std::move(name);
  done_before_ = 0;
  sampled_ = std::chrono::steady_clock::now();
  if (process_ != 0) cpu_before_ = cpu_seconds_of(process_);
  show(0, 0, 0);
}

void Telemetry::watch(pid_t process) {
  process_ = process;
  cpu_before_ = process == 0 ? 0 : cpu_seconds_of(process);
}

bool Telemetry::is_due() const { return std::chrono::steady_clock::now() - sampled_ >= interval; }

void Telemetry::sample(std::uint64_t done, std::uint64_t total) {
  simulators::LatencyHistogram none;
  sample(done, total, none);
}

void Telemetry::sample(std::uint64_t done, std::uint64_t total,
                       simulators::LatencyHistogram& latencies) {
  const Time now = std::chrono::steady_clock::now();
  const double seconds = std::max(seconds_between(sampled_, now), 1e-6);
  Sample sample{.second = seconds_between(started_, now),
                .phase = phase_,
                .per_second = static_cast<double>(done - std::min(done, done_before_)) / seconds};
  if (process_ != 0) {
    const double cpu = cpu_seconds_of(process_);
    sample.cpu_share = (cpu - cpu_before_) / seconds;
    cpu_before_ = cpu;
    const auto usage = usage_of(process_);
    if (usage) sample.resident_mib = static_cast<double>(usage->resident_kib) / 1'024.0;
  }
  if (latencies.count() != 0) {
    sample.p50_ms = milliseconds(latencies.percentile(0.5));
    sample.p99_ms = milliseconds(latencies.percentile(0.99));
    latencies = {};
  }
  done_before_ = done;
  sampled_ = now;
  show(done, total, sample.per_second);
  samples_.push_back(std::move(sample));
}

void Telemetry::show(std::uint64_t done, std::uint64_t total, double per_second) {
  if (live_ == Live::hidden) return;
  std::string line = phase_;
  if (total != 0) line += fmt::format(": {} of {}, {:.0f}/s", done, total, per_second);
  fmt::print(stderr, "\r{:<{}}", line, line_width_);
  line_width_ = line.size();
  std::fflush(stderr);
}

}  // namespace reveille::bench
