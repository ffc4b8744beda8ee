#include "tools/simulators/apns/report.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace reveille::simulators::apns {
namespace {

double milliseconds(std::chrono::microseconds duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

std::string Report::as_text() const {
  std::string text = fmt::format(
      "connections        {} ({} open, {} handshakes failed)\n"
      "pushes             {} ({} accepted)\n"
      "time to answer     p50 {:.2f} ms, p99 {:.2f} ms, p99.9 {:.2f} ms\n"
      "sent on purpose    GOAWAY {}, refused {}, reset {}, stalled {}, cut {}\n"
      "doubles            {}\n",
      connections, connections_open, handshakes_failed, requests, accepted,
      milliseconds(time_to_answer.percentile(0.5)), milliseconds(time_to_answer.percentile(0.99)),
      milliseconds(time_to_answer.percentile(0.999)), goaways_sent, refused, reset, stalled, cut,
      doubles);
  for (const auto& [reason, count] : by_reason) {
    text += fmt::format("answered           {} {}\n", reason, count);
  }
  for (const auto& [rule, count] : broken_rules) {
    text += fmt::format("BROKEN RULE        {} times: {}\n", count, rule);
  }
  return text;
}

std::string Report::as_json() const {
  boost::json::object reasons, rules;
  for (const auto& [reason, count] : by_reason) reasons[reason] = count;
  for (const auto& [rule, count] : broken_rules) rules[rule] = count;
  const boost::json::object json{
      {"seconds", seconds_since(started)},
      {"connections", connections},
      {"connections_open", connections_open},
      {"handshakes_failed", handshakes_failed},
      {"requests", requests},
      {"accepted", accepted},
      {"rejected", reasons},
      {"broken_rules", rules},
      {"goaways_sent", goaways_sent},
      {"refused", refused},
      {"reset", reset},
      {"stalled", stalled},
      {"cut", cut},
      {"doubles", doubles},
      {"answer_p50_ms", milliseconds(time_to_answer.percentile(0.5))},
      {"answer_p99_ms", milliseconds(time_to_answer.percentile(0.99))},
      {"answer_p999_ms", milliseconds(time_to_answer.percentile(0.999))}};
  return boost::json::serialize(json);
}

}  // namespace reveille::simulators::apns
