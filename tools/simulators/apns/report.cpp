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

boost::json::object json_of(const Report::Counts& counts) {
  boost::json::object object;
  for (const auto& [name, count] : counts) object[name] = count;
  return object;
}

boost::json::array json_of(const std::vector<Report::PhaseCounts>& phases) {
  boost::json::array array;
  for (const Report::PhaseCounts& phase : phases) {
    array.push_back(boost::json::object{{"name", phase.name},
                                        {"entered", phase.entered},
                                        {"requests", phase.requests},
                                        {"accepted", phase.accepted}});
  }
  return array;
}

std::string text_of(const PushLedger::Counts& ledger) {
  return fmt::format(
      "tokens             {} pushed, {} accepted at least once, {} owed another push{}\n"
      "doubles            {} ({} of which the provider could not avoid)\n"
      "repeats            {} (the same token again within the window)\n"
      "ids misused        {} (an apns-id came again for another token)\n",
      ledger.tokens, ledger.tokens_accepted, ledger.owed,
      ledger.overflowed ? " (of the first ones: more than the ledger holds)" : "", ledger.doubles,
      ledger.doubles_explained, ledger.repeats, ledger.ids_misused);
}

}  // namespace

std::uint64_t& Report::count_of(Counts& counts, std::string_view name) {
  const auto found = counts.find(name);
  return found != counts.end() ? found->second : counts[std::string(name)];
}

std::string Report::as_text() const {
  std::string text = fmt::format(
      "connections        {} ({} open, at most {} at once, {} handshakes failed)\n"
      "pushes             {} ({} accepted, at most {} streams on a connection)\n"
      "time to answer     p50 {:.2f} ms, p99 {:.2f} ms, p99.9 {:.2f} ms\n"
      "sent on purpose    GOAWAY {}, refused {}, reset {}, stalled {}, cut {}, silent {}\n"
      "not processed      {} above a limit or a GOAWAY, {} withdrawn by the provider\n",
      connections, connections_open, connections_most, handshakes_failed, requests, accepted,
      streams_most, milliseconds(time_to_answer.percentile(0.5)),
      milliseconds(time_to_answer.percentile(0.99)), milliseconds(time_to_answer.percentile(0.999)),
      goaways_sent, refused, reset, stalled, cut, half_open, turned_away, withdrawn);
  text += text_of(ledger);
  for (const auto& [reason, count] : by_reason) {
    text += fmt::format("answered           {} {}\n", reason, count);
  }
  if (phases.size() > 1) {
    for (const PhaseCounts& phase : phases) {
      text += fmt::format("phase              {}: {} times, {} pushes, {} accepted\n", phase.name,
                          phase.entered, phase.requests, phase.accepted);
    }
  }
  for (const auto& [rule, count] : broken_rules) {
    text += fmt::format("BROKEN RULE        {} times: {}\n", count, rule);
  }
  return text;
}

std::string Report::as_json() const {
  const boost::json::object json{
      {"seconds", seconds_since(started)},
      {"connections", connections},
      {"connections_open", connections_open},
      {"connections_most", connections_most},
      {"handshakes_failed", handshakes_failed},
      {"streams_most", streams_most},
      {"requests", requests},
      {"accepted", accepted},
      {"rejected", json_of(by_reason)},
      {"broken_rules", json_of(broken_rules)},
      {"goaways_sent", goaways_sent},
      {"refused", refused},
      {"reset", reset},
      {"stalled", stalled},
      {"cut", cut},
      {"half_open", half_open},
      {"turned_away", turned_away},
      {"withdrawn", withdrawn},
      {"pings", pings},
      {"doubles", ledger.doubles},
      {"doubles_explained", ledger.doubles_explained},
      {"ids_misused", ledger.ids_misused},
      {"repeats", ledger.repeats},
      {"tokens", ledger.tokens},
      {"tokens_accepted", ledger.tokens_accepted},
      {"tokens_owed", ledger.owed},
      {"ledger_overflowed", ledger.overflowed},
      {"phases", json_of(phases)},
      {"answer_p50_ms", milliseconds(time_to_answer.percentile(0.5))},
      {"answer_p99_ms", milliseconds(time_to_answer.percentile(0.99))},
      {"answer_p999_ms", milliseconds(time_to_answer.percentile(0.999))}};
  return boost::json::serialize(json);
}

}  // namespace reveille::simulators::apns
