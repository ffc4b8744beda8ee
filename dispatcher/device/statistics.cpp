#include "dispatcher/device/statistics.h"

#include <cstddef>

namespace reveille::device {
namespace {

template <std::size_t count>
void read_all(const std::array<LaneCounter, count>& counters,
              std::array<std::uint64_t, count>& values) {
  for (std::size_t i = 0; i < count; ++i) values[i] = counters[i].value();
}

template <std::size_t count>
void add_all(std::array<std::uint64_t, count>& sums, const std::array<std::uint64_t, count>& more) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += more[i];
}

}  // namespace

const char* name_of(RequestKind kind) {
  switch (kind) {
    case RequestKind::authenticate:
      return "authenticate";
    case RequestKind::token_update:
      return "token_update";
    case RequestKind::check_out:
      return "check_out";
    case RequestKind::user_authenticate:
      return "user_authenticate";
    case RequestKind::set_bootstrap_token:
      return "set_bootstrap_token";
    case RequestKind::get_bootstrap_token:
      return "get_bootstrap_token";
    case RequestKind::get_token:
      return "get_token";
    case RequestKind::declarative_management:
      return "declarative_management";
    case RequestKind::return_to_service:
      return "return_to_service";
    case RequestKind::connect:
      return "connect";
    case RequestKind::scep:
      return "scep";
    case RequestKind::profile:
      return "profile";
    case RequestKind::unreadable:
      return "unreadable";
  }
  return "unknown";
}

StatisticsReading& StatisticsReading::operator+=(const StatisticsReading& other) {
  add_all(requests, other.requests);
  add_all(refused, other.refused);
  add_all(reports, other.reports);
  commands_handed_out += other.commands_handed_out;
  enrolled += other.enrolled;
  ended += other.ended;
  certificates_adopted += other.certificates_adopted;
  logins += other.logins;
  logins_refused += other.logins_refused;
  certificates_issued += other.certificates_issued;
  certificates_renewed += other.certificates_renewed;
  scep_refused += other.scep_refused;
  scep_postponed += other.scep_postponed;
  scep_abandoned += other.scep_abandoned;
  profiles_served += other.profiles_served;
  profiles_refused += other.profiles_refused;
  return *this;
}

StatisticsReading read(const Statistics& statistics) {
  StatisticsReading reading;
  read_all(statistics.requests, reading.requests);
  read_all(statistics.refused, reading.refused);
  read_all(statistics.reports, reading.reports);
  reading.commands_handed_out = statistics.commands_handed_out.value();
  reading.enrolled = statistics.enrolled.value();
  reading.ended = statistics.ended.value();
  reading.certificates_adopted = statistics.certificates_adopted.value();
  reading.logins = statistics.logins.value();
  reading.logins_refused = statistics.logins_refused.value();
  return reading;
}

}  // namespace reveille::device
