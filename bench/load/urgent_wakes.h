#pragma once

#include <atomic>
#include <chrono>
#include <span>
#include <string>
#include <thread>

#include "bench/load/daemon.h"
#include "tools/simulators/latency_histogram.h"

namespace reveille::bench {

// An operator who waits: wakes one enrolment after the other by name, on a thread of its own, and
// takes the time from each request to APNs' answer, which the response brings.
class UrgentWakes {
 public:
  static constexpr std::chrono::milliseconds interval{20};

  // Begins at once. `daemon` and `ids` outlive it.
  UrgentWakes(const Daemon& daemon, std::span<const std::string> ids);

  struct Outcome {
    simulators::LatencyHistogram latencies;
    std::uint64_t failures = 0;
    std::string first_failure;
  };
  // Waits for the last answer.
  Outcome stop();

 private:
  void run(std::stop_token stop);

  const Daemon& daemon_;
  const std::span<const std::string> ids_;
  Outcome outcome_;  // the thread's until it has ended
  std::jthread thread_;
};

}  // namespace reveille::bench
