#include "dispatcher/admin/push_outcomes.h"

#include <algorithm>
#include <unordered_set>

#include "dispatcher/admin/json_writer.h"
#include "dispatcher/admin/replies.h"

namespace reveille::admin {

namespace {

std::string push_error_of(const apns::Response& response) {
  std::string error = "push HTTP status: " + std::to_string(response.status);
  if (!response.reason_text.empty()) error += ": APNs push error: " + response.reason_text;
  if (response.unregistered_at) {
    const auto since_epoch = response.unregistered_at->time_since_epoch();
    error += ": timestamp " + std::to_string(since_epoch.count());
  }
  return error;
}

void write_outcome(JsonWriter& json, const std::string& id, const EnrolmentOutcome& outcome) {
  json.key(id);
  json.begin_object();
  json.optional_member("push_error", outcome.push_error);
  json.optional_member("push_result", outcome.push_result);
  json.optional_member("command_error", outcome.command_error);
  json.end_object();
}

std::size_t failures_in(const RequestOutcome& outcome) {
  return static_cast<std::size_t>(std::ranges::count_if(
      outcome.status, [](const auto& entry) { return entry.second.failed(); }));
}

}  // namespace

std::string_view command_error_of(storage::Enqueued enqueued) {
  switch (enqueued) {
    case storage::Enqueued::queued:
    case storage::Enqueued::already_queued:
      return "";
    case storage::Enqueued::not_found:
      return "no such enrolment";
    case storage::Enqueued::not_enrolled:
      return "not enrolled";
    case storage::Enqueued::queue_full:
      return "the enrolment's command queue is full";
  }
  return "unknown";
}

void add_wake_result(EnrolmentOutcome& outcome, const wake::WakeResult& result) {
  if (!result.response) {
    outcome.push_error = result.failure;
    return;
  }
  outcome.push_result = result.response->apns_id.text();
  if (result.response->status == 200) {
    outcome.pushed = true;
  } else {
    outcome.push_error = push_error_of(*result.response);
  }
}

int status_of(const RequestOutcome& outcome) {
  if (!outcome.push_error.empty() || !outcome.command_error.empty()) return 500;
  const std::size_t failures = failures_in(outcome);
  if (failures == 0) return 200;
  return failures < outcome.asked ? 207 : 500;
}

http::Response nanomdm_reply(const RequestOutcome& outcome) {
  JsonWriter json;
  json.begin_object();
  if (!outcome.status.empty()) {
    json.key("status");
    json.begin_object();
    for (const auto& [id, result] : outcome.status) write_outcome(json, id, result);
    json.end_object();
  }
  if (outcome.no_push) json.member("no_push", true);
  json.optional_member("push_error", outcome.push_error);
  json.optional_member("command_error", outcome.command_error);
  json.optional_member("command_uuid", outcome.command_uuid);
  json.optional_member("request_type", outcome.request_type);
  json.end_object();
  return json_reply(status_of(outcome), json.finish());
}

http::Response our_reply(const RequestOutcome& outcome) {
  JsonWriter json;
  json.begin_object();
  json.optional_member("command_uuid", outcome.command_uuid);
  json.optional_member("request_type", outcome.request_type);
  json.member("enrolments", outcome.asked);
  if (!outcome.command_uuid.empty()) {
    json.member("queued", outcome.queued);
    json.member("already_queued", outcome.already_queued);
  }
  json.member("pushed", outcome.pushed);
  json.optional_member("push_error", outcome.push_error);
  json.key("failed");
  json.begin_object();
  for (const auto& [id, result] : outcome.status) {
    if (result.failed()) write_outcome(json, id, result);
  }
  json.end_object();
  json.end_object();
  const bool failed = !outcome.push_error.empty() || failures_in(outcome) > 0;
  return json_reply(failed ? 207 : 200, json.finish());
}

std::vector<std::string> split_ids(std::string_view ids) {
  std::vector<std::string> different;
  std::unordered_set<std::string_view> seen;
  while (true) {
    const std::string_view id = ids.substr(0, ids.find(','));
    if (seen.insert(id).second) different.emplace_back(id);
    if (id.size() == ids.size()) return different;
    ids.remove_prefix(id.size() + 1);
  }
}

}  // namespace reveille::admin
