#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "tools/simulators/latency_histogram.h"

namespace reveille::simulators::device {

// What a fleet lived through, for people and for programs.
struct Report {
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  std::uint64_t devices = 0;
  std::uint64_t enrolled = 0;  // ever
  std::uint64_t enrolments_failed = 0;
  std::uint64_t pushes_heard = 0;
  std::uint64_t exchanges = 0;
  std::uint64_t commands_handed_out = 0;
  std::uint64_t acknowledged = 0, errors = 0, not_now = 0;  // answers that got their 2xx
  std::uint64_t erased = 0, checked_out = 0, left_silently = 0;
  std::uint64_t requests = 0, retries = 0;
  std::map<int, std::uint64_t> by_status;       // HTTP
  std::map<std::string, std::uint64_t> broken;  // expectations, each with its count
  LatencyHistogram enrolment_time;              // profile to TokenUpdate
  LatencyHistogram wake_to_answer;              // push heard to its first answer accepted
  LatencyHistogram request_time;

  std::string as_text() const;
  std::string as_json() const;
};

}  // namespace reveille::simulators::device
