#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/simulators/apns/push_ledger.h"
#include "tools/simulators/apns/report.h"
#include "tools/simulators/apns/rules.h"
#include "tools/simulators/apns/scenario.h"
#include "tools/simulators/apns/subscribers.h"

namespace reveille::simulators::apns {

// What all connections share; it outlives them. One thread.
struct Service {
  using Clock = std::chrono::steady_clock;

  Service(boost::asio::io_context& network_lane, const Scenario& scenario, Strictness how_strict,
          const LedgerOptions& ledger_options)
      : lane(network_lane), seed(scenario.seed), strictness(how_strict), ledger(ledger_options) {
    report.phases.resize(scenario.phases.size());
  }

  boost::asio::io_context& lane;
  const std::uint64_t seed;
  const Strictness strictness;
  std::optional<std::string> assumed_topic;

  const Phase* phase = nullptr;    // the scenario's, which stays where it is
  std::uint64_t phase_number = 0;  // counts entries: what was planned in an earlier one is void
  Report::PhaseCounts* phase_counts = nullptr;
  std::vector<std::uint64_t> fault_counts;  // how often each of phase->behaviour.pushes happened

  TokenDirectory tokens;
  std::function<void()> on_first_push = [] {};
  std::unique_ptr<Subscribers> subscribers;
  PushLedger ledger;
  Report report;

  std::uint32_t milliseconds_since_start(Clock::time_point now) const {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now - report.started).count());
  }
};

}  // namespace reveille::simulators::apns
