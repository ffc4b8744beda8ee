#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tools/simulators/apns/push_ledger.h"
#include "tools/simulators/latency_histogram.h"

namespace reveille::simulators::apns {

// What the simulated Apple saw, for people and for programs.
struct Report {
  using Counts = std::map<std::string, std::uint64_t, std::less<>>;
  struct PhaseCounts {
    std::string name;
    std::uint64_t entered = 0, requests = 0, accepted = 0;
  };

  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  std::uint64_t connections = 0, connections_open = 0, connections_most = 0;
  std::uint64_t handshakes_failed = 0, streams_most = 0;
  std::uint64_t requests = 0, accepted = 0;
  Counts by_reason;     // every answer but 200
  Counts broken_rules;  // what a careful provider never does
  std::uint64_t goaways_sent = 0, refused = 0, reset = 0, stalled = 0, cut = 0, pings = 0;
  std::uint64_t turned_away = 0;  // above the limit on streams or the last one of a GOAWAY
  std::uint64_t withdrawn = 0;    // reset by the provider before they were answered
  std::uint64_t half_open = 0;    // connections that went silent
  std::vector<PhaseCounts> phases;
  PushLedger::Counts ledger;
  LatencyHistogram time_to_answer;

  void count_reason(std::string_view reason) { ++count_of(by_reason, reason); }
  void count_broken(std::string_view rule) { ++count_of(broken_rules, rule); }

  std::string as_text() const;
  std::string as_json() const;

 private:
  static std::uint64_t& count_of(Counts& counts, std::string_view name);
};

}  // namespace reveille::simulators::apns
