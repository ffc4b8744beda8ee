#include <fmt/format.h>

#include "tools/reveillectl/printing.h"
#include "tools/reveillectl/subcommands.h"
#include "tools/reveillectl/table.h"

namespace reveille {

namespace {

std::string uptime_text(std::int64_t seconds) {
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 7'200) return fmt::format("{} min", seconds / 60);
  if (seconds < 172'800) return fmt::format("{} h", seconds / 3'600);
  return fmt::format("{} days", seconds / 86'400);
}

std::string certificates_text(const boost::json::array& certificates) {
  if (certificates.empty()) {
    return "none: devices cannot be woken; `reveillectl push-certificate set FILE`";
  }
  std::string text;
  for (const auto& entry : certificates) {
    const auto& certificate = entry.as_object();
    if (!text.empty()) text += ", ";
    text += fmt::format("{} ({} days left)", text_of(certificate, "topic"),
                        text_of(certificate, "days_left"));
  }
  return text;
}

std::string batches_text(const boost::json::object& batches) {
  const auto count = [&](const char* key) { return text_of(batches, key); };
  // Those that are queued whole and wait for devices are none of them, unless they expire.
  std::string text =
      fmt::format("{} at work: {} expanding, {} withdrawing, {} paused, {} awaiting expiry",
                  count("unfinished"), count("expanding"), count("withdrawing"), count("paused"),
                  count("awaiting_expiry"));
  const std::int64_t oldest = batches.at("oldest_milliseconds").to_number<std::int64_t>() / 1'000;
  if (oldest > 0) text += ", the oldest for " + uptime_text(oldest);
  return text;
}

// "due 0, coalesce 0, pace 12 (3 s), ...": how many are in each stage, and since when.
std::string stages_text(const boost::json::object& stages) {
  std::string text;
  for (const auto& [name, value] : stages) {
    const auto& stage = value.as_object();
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {}", std::string_view(name), text_of(stage, "depth"));
    const auto oldest = stage.at("oldest_milliseconds").to_number<std::int64_t>();
    if (oldest >= 1'000) text += " (" + uptime_text(oldest / 1'000) + ")";
  }
  return text;
}

std::string alarm_text(const boost::json::object& status) {
  const auto& wake = status.at("wake").as_object();
  const auto& apns = status.at("apns").as_object();
  const bool is_connected = text_of(apns, "connections") != "0";
  if (text_of(apns, "certificate_refused") == "yes" && !is_connected) {
    return "APNs refuses the push certificate (" + text_of(apns, "last_connect_error") +
           "): pushes have stopped until a new one is set";
  }
  if (text_of(wake, "topic_stopped") == "yes") {
    if (status.at("push_certificates").as_array().empty()) {
      return "there is no push certificate: pushes have stopped until one is set";
    }
    return "a topic's pushes have stopped: it has no push certificate, or APNs refuses it or many "
           "of its tokens in a row (the wrong certificate or environment); the log says which";
  }
  const std::string error = text_of(apns, "last_connect_error");
  if (!is_connected && !error.empty()) return "no way to APNs: " + error;
  return "";
}

// What devices were refused since the start, by reason; empty: nothing.
std::string refusals_text(const boost::json::object& refusals) {
  std::string text;
  for (const auto& [reason, count] : refusals) {
    if (count.to_number<std::uint64_t>() == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                        std::string_view(reason.data(), reason.size()),
                        count.to_number<std::uint64_t>());
  }
  return text;
}

}  // namespace

int show_status(const Session& session) {
  const auto answer = session.client.get("/v1/status");
  if (!answer) return report(answer.error());
  if (session.output == Output::json) {
    print(answer->text);
    return 0;
  }
  const boost::json::object& status = answer->object;
  const auto& counts = status.at("counts").as_object();
  const auto& apns = status.at("apns").as_object();
  const auto& wakes = status.at("wake").as_object();
  const auto& device = status.at("device").as_object();
  const auto number = [](const boost::json::object& object, const char* key) {
    return text_of(object, key);
  };
  std::vector<std::vector<std::string>> rows = {
      {"reveilled", fmt::format("{}, up {}", text_of(status, "version"),
                                uptime_text(status.at("uptime_seconds").as_int64()))},
      {"enrolments",
       fmt::format("{} enrolled, {} pending, {} ended", number(counts, "enrolments_enrolled"),
                   number(counts, "enrolments_pending"), number(counts, "enrolments_ended"))},
      {"commands",
       fmt::format("{} waiting, {} acknowledged, {} failed, {} cancelled, {} expired, {} void",
                   number(counts, "deliveries_live"), number(counts, "deliveries_acknowledged"),
                   number(counts, "deliveries_failed"), number(counts, "deliveries_cancelled"),
                   number(counts, "deliveries_expired"), number(counts, "deliveries_voided"))},
      {"batches", batches_text(status.at("batches").as_object())},
      {"certificate", certificates_text(status.at("push_certificates").as_array())},
      {"pushes", fmt::format("{} accepted by APNs, {} refused, {} unanswered, {} in flight",
                             number(wakes, "accepted"), number(wakes, "rejected"),
                             number(wakes, "unanswered"), number(wakes, "in_flight"))},
      {"wakes", stages_text(wakes.at("stages").as_object())},
      {"APNs", fmt::format("{} connections, {} streams allowed", number(apns, "connections"),
                           number(apns, "streams_allowed"))},
      {"devices", fmt::format("{} connections, {} requests", number(device, "connections"),
                              number(device, "requests"))},
  };
  const std::string refusals = refusals_text(status.at("refusals").as_object());
  if (!refusals.empty()) rows.push_back({"refused", refusals});
  const std::string alarm = alarm_text(status);
  if (!alarm.empty()) rows.push_back({"ALARM", alarm});
  print(format_table(rows));
  return 0;
}

}  // namespace reveille
