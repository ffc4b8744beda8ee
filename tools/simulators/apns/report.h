#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "tools/simulators/latency_histogram.h"

namespace reveille::simulators::apns {

// What the simulated Apple saw, for people and for programs.
struct Report {
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  std::uint64_t connections = 0, connections_open = 0, handshakes_failed = 0;
  std::uint64_t requests = 0, accepted = 0;
  std::map<std::string, std::uint64_t> by_reason;     // every answer but 200
  std::map<std::string, std::uint64_t> broken_rules;  // what a careful provider never does
  std::uint64_t goaways_sent = 0, refused = 0, reset = 0, stalled = 0, cut = 0, pings = 0;
  std::uint64_t doubles = 0;  // pushes with an apns-id that had been accepted before
  LatencyHistogram time_to_answer;

  std::string as_text() const;
  std::string as_json() const;
};

}  // namespace reveille::simulators::apns
