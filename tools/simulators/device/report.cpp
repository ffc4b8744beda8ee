#include "tools/simulators/device/report.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace reveille::simulators::device {
namespace {

double milliseconds(std::chrono::microseconds duration) {
  return static_cast<double>(duration.count()) / 1000.0;
}

std::string percentiles(const LatencyHistogram& histogram) {
  return fmt::format("p50 {:.1f} ms, p99 {:.1f} ms, p99.9 {:.1f} ms ({} measured)",
                     milliseconds(histogram.percentile(0.5)),
                     milliseconds(histogram.percentile(0.99)),
                     milliseconds(histogram.percentile(0.999)), histogram.count());
}

boost::json::object percentiles_json(const LatencyHistogram& histogram) {
  return {{"count", histogram.count()},
          {"p50_ms", milliseconds(histogram.percentile(0.5))},
          {"p99_ms", milliseconds(histogram.percentile(0.99))},
          {"p999_ms", milliseconds(histogram.percentile(0.999))}};
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void Report::broke(Rule rule, const std::string& detail) {
  ++broken[name_of(rule)];
  broken_first.try_emplace(name_of(rule), detail);
}

std::string Report::as_text() const {
  const double seconds = seconds_since(started);
  std::string text = fmt::format(
      "devices            {} ({} enrolled, {} failed; {} steps repeated)\n"
      "pushes heard       {}\n"
      "exchanges          {} ({:.0f}/s), requests {} ({:.0f}/s), repeated {}\n"
      "commands           {} handed out: {} acknowledged, {} failed, {} put off\n"
      "gone               {} erased, {} checked out, {} left silently\n"
      "users              {} channels, {} logins, {} not managed\n"
      "errands            {} renewals, {} restores, {} enrolled again, {} token updates,\n"
      "                   {} bootstrap tokens, {} tokens, {} declarations, {} signed in again\n"
      "setup              {} awaited configuration, {} configured, {} users set up, {} waiting "
      "logins\n"
      "returns            {} asked ReturnToService, {} enrolled anew\n"
      "odd answers        {} repeated, {} late, {} forgotten, {} unknown, {} late NotNow, {} "
      "large\n"
      "enrolment          {}\n"
      "wake to answer     {}\n"
      "request            {}\n",
      devices, enrolled, enrolments_failed, enrolment_repeats, pushes_heard, exchanges,
      static_cast<double>(exchanges) / seconds, requests, static_cast<double>(requests) / seconds,
      retries, commands_handed_out, acknowledged, errors, not_now, erased, checked_out,
      left_silently, user_channels, logins, users_not_managed, renewals, restores, enrolled_again,
      token_updates, bootstrap_tokens, tokens, declarations, sign_ins, awaiting, configured,
      user_setups, waiting_logins, return_to_service, returned, repeated_answers, late_answers,
      forgotten_answers, unknown_answers, late_not_nows, large_results, percentiles(enrolment_time),
      percentiles(wake_to_answer), percentiles(request_time));
  for (const auto& [status, count] : by_status) {
    text += fmt::format("HTTP {}           {}\n", status, count);
  }
  for (const auto& [kind, count] : by_kind) {
    text += fmt::format("{:<19}{}\n", kind, count);
  }
  for (const auto& [rule, count] : broken) {
    text += fmt::format("BROKEN             {} times: {} (first: {})\n", count, rule,
                        broken_first.at(rule));
  }
  return text;
}

std::string Report::as_json() const {
  boost::json::object statuses, expectations, first, kinds_of;
  for (const auto& [status, count] : by_status) statuses[std::to_string(status)] = count;
  for (const auto& [expectation, count] : broken) expectations[expectation] = count;
  for (const auto& [rule, detail] : broken_first) first[rule] = detail;
  for (const auto& [kind, count] : by_kind) kinds_of[kind] = count;
  const boost::json::object json{{"seconds", seconds_since(started)},
                                 {"devices", devices},
                                 {"enrolled", enrolled},
                                 {"enrolments_failed", enrolments_failed},
                                 {"enrolment_repeats", enrolment_repeats},
                                 {"pushes_heard", pushes_heard},
                                 {"exchanges", exchanges},
                                 {"requests", requests},
                                 {"retries", retries},
                                 {"commands_handed_out", commands_handed_out},
                                 {"acknowledged", acknowledged},
                                 {"errors", errors},
                                 {"not_now", not_now},
                                 {"erased", erased},
                                 {"checked_out", checked_out},
                                 {"left_silently", left_silently},
                                 {"user_channels", user_channels},
                                 {"logins", logins},
                                 {"users_not_managed", users_not_managed},
                                 {"renewals", renewals},
                                 {"restores", restores},
                                 {"enrolled_again", enrolled_again},
                                 {"token_updates", token_updates},
                                 {"repeated_answers", repeated_answers},
                                 {"late_answers", late_answers},
                                 {"forgotten_answers", forgotten_answers},
                                 {"unknown_answers", unknown_answers},
                                 {"late_not_nows", late_not_nows},
                                 {"large_results", large_results},
                                 {"bootstrap_tokens", bootstrap_tokens},
                                 {"tokens", tokens},
                                 {"declarations", declarations},
                                 {"sign_ins", sign_ins},
                                 {"awaiting", awaiting},
                                 {"configured", configured},
                                 {"user_setups", user_setups},
                                 {"waiting_logins", waiting_logins},
                                 {"return_to_service", return_to_service},
                                 {"returned", returned},
                                 {"kinds", kinds_of},
                                 {"by_status", statuses},
                                 {"broken", expectations},
                                 {"broken_first", first},
                                 {"enrolment", percentiles_json(enrolment_time)},
                                 {"wake_to_answer", percentiles_json(wake_to_answer)},
                                 {"request", percentiles_json(request_time)}};
  return boost::json::serialize(json);
}

}  // namespace reveille::simulators::device
