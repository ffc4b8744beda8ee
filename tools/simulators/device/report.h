#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "tools/simulators/device/rules.h"
#include "tools/simulators/latency_histogram.h"

namespace reveille::simulators::device {

// What a fleet lived through, for people and for programs.
struct Report {
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  std::uint64_t devices = 0;
  std::uint64_t enrolled = 0;  // ever
  std::uint64_t enrolments_failed = 0;
  std::uint64_t enrolment_repeats = 0;  // steps asked for again
  std::uint64_t pushes_heard = 0;
  std::uint64_t exchanges = 0;
  std::uint64_t commands_handed_out = 0;
  std::uint64_t acknowledged = 0, errors = 0, not_now = 0;  // answers that got their 2xx
  std::uint64_t erased = 0, checked_out = 0, left_silently = 0;
  std::uint64_t requests = 0, retries = 0;
  std::map<int, std::uint64_t> by_status;       // HTTP
  std::uint64_t user_channels = 0;              // that ever began
  std::uint64_t logins = 0, users_not_managed = 0;  // UserAuthenticate
  std::uint64_t renewals = 0, restores = 0, enrolled_again = 0, token_updates = 0;
  std::uint64_t repeated_answers = 0, late_answers = 0, forgotten_answers = 0;
  std::uint64_t unknown_answers = 0, late_not_nows = 0, large_results = 0;
  std::uint64_t awaiting = 0, configured = 0;         // held in Setup Assistant, and let out of it
  std::uint64_t user_setups = 0, waiting_logins = 0;  // exchanges that came to their empty body
  std::uint64_t return_to_service = 0;                // asked
  std::uint64_t returned = 0;                         // enrolled anew after they had gone
  std::uint64_t bootstrap_tokens = 0, tokens = 0, declarations = 0, sign_ins = 0;
  std::map<std::string, std::uint64_t> by_kind;     // devices
  std::map<std::string, std::uint64_t> broken;      // rules by name, each with its count
  std::map<std::string, std::string> broken_first;  // what was seen when each first broke
  LatencyHistogram enrolment_time;              // profile to TokenUpdate
  LatencyHistogram wake_to_answer;              // push heard to its first answer accepted
  LatencyHistogram request_time;

  void broke(Rule rule, const std::string& detail);

  std::string as_text() const;
  std::string as_json() const;
};

}  // namespace reveille::simulators::device
