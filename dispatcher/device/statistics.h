#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dispatcher/device/refusal.h"
#include "dispatcher/enrolment/counter.h"
#include "protocol/mdm/report.h"

namespace reveille::device {

enum class RequestKind : std::uint8_t {
  authenticate,
  token_update,
  check_out,
  user_authenticate,
  set_bootstrap_token,
  get_bootstrap_token,
  get_token,
  declarative_management,
  return_to_service,
  connect,
  scep,
  profile,
  unreadable,  // refused before it was known what it is
};
constexpr std::size_t request_kinds = static_cast<std::size_t>(RequestKind::unreadable) + 1;
constexpr std::size_t statuses = static_cast<std::size_t>(mdm::Status::not_now) + 1;

const char* name_of(RequestKind kind);

// What one lane has done; written by it alone.
struct Statistics {
  std::array<LaneCounter, request_kinds> requests;  // by RequestKind
  std::array<LaneCounter, refusals> refused;        // by Refusal
  std::array<LaneCounter, statuses> reports;        // by mdm::Status
  LaneCounter commands_handed_out;
  LaneCounter enrolled;
  LaneCounter ended;  // checked out, erased or superseded
  LaneCounter certificates_adopted;
  LaneCounter logins;  // users of Macs who proved their password
  LaneCounter logins_refused;

  void count(RequestKind kind) { requests[static_cast<std::size_t>(kind)].add_one(); }
  void count(Refusal refusal) { refused[static_cast<std::size_t>(refusal)].add_one(); }
  void count(mdm::Status status) { reports[static_cast<std::size_t>(status)].add_one(); }
};

// A reading of it, to be added up over the lanes; the enrolment endpoints' counters are in it.
struct StatisticsReading {
  std::array<std::uint64_t, request_kinds> requests{};
  std::array<std::uint64_t, refusals> refused{};
  std::array<std::uint64_t, statuses> reports{};
  std::uint64_t commands_handed_out = 0;
  std::uint64_t enrolled = 0;
  std::uint64_t ended = 0;
  std::uint64_t certificates_adopted = 0;
  std::uint64_t logins = 0;
  std::uint64_t logins_refused = 0;
  std::uint64_t certificates_issued = 0;
  std::uint64_t certificates_renewed = 0;
  std::uint64_t scep_refused = 0;
  std::uint64_t scep_postponed = 0;
  std::uint64_t scep_abandoned = 0;
  std::uint64_t profiles_served = 0;
  std::uint64_t profiles_refused = 0;

  StatisticsReading& operator+=(const StatisticsReading& other);
  std::uint64_t count(RequestKind kind) const { return requests[static_cast<std::size_t>(kind)]; }
  std::uint64_t count(Refusal refusal) const { return refused[static_cast<std::size_t>(refusal)]; }
  std::uint64_t count(mdm::Status status) const {
    return reports[static_cast<std::size_t>(status)];
  }
};

StatisticsReading read(const Statistics& statistics);

}  // namespace reveille::device
