#include <fmt/format.h>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "protocol/base/base64.h"
#include "tools/reveillectl/command_body.h"
#include "tools/reveillectl/printing.h"
#include "tools/reveillectl/subcommands.h"
#include "tools/reveillectl/table.h"

namespace reveille {

namespace {

constexpr std::size_t chunk_size = 1'000;   // ids in one request
constexpr std::size_t failures_shown = 20;  // the rest is counted

// The sum of all chunks' answers.
struct Totals {
  std::string command_uuid;
  std::int64_t enrolments = 0, queued = 0, already_queued = 0, pushed = 0;
  boost::json::object failed;

  void add(const boost::json::object& answer) {
    const auto number = [&](const char* key) {
      const boost::json::value* value = answer.if_contains(key);
      return value == nullptr ? 0 : value->to_number<std::int64_t>();
    };
    command_uuid = text_of(answer, "command_uuid");
    enrolments += number("enrolments");
    queued += number("queued");
    already_queued += number("already_queued");
    pushed += number("pushed");
    for (const auto& failure_entry : answer.at("failed").as_object()) {
      failed.insert(failure_entry);
    }
  }
};

// What was done before the error stays done, and a lost answer says nothing: the same command again
// must have the same UUID, or devices would get it twice. It does not help when that UUID is the
// name of another command.
std::unexpected<Error> incomplete(const boost::json::object& body, const Totals& totals,
                                  Error error) {
  if (error.code == ErrorCode::conflict) {
    error.detail += another_command_hint;
  } else if (body.contains("command_uuid")) {
    error.detail +=
        fmt::format(" ({} enrolments are known to have the command; to try again: --uuid {})",
                    totals.queued + totals.already_queued, text_of(body, "command_uuid"));
  }
  return std::unexpected(std::move(error));
}

// One request for each thousand ids; `body` holds all but the ids.
Result<Totals> send_in_chunks(const AdminClient& client, std::string_view target,
                              boost::json::object body, const std::vector<std::string>& ids) {
  Totals totals;
  for (std::size_t first = 0; first < ids.size(); first += chunk_size) {
    const std::size_t last = std::min(ids.size(), first + chunk_size);
    boost::json::array chunk;
    for (std::size_t i = first; i < last; ++i) chunk.emplace_back(ids[i]);
    body["enrolments"] = std::move(chunk);
    const auto answer = client.request("POST", target, boost::json::serialize(body));
    if (!answer) return incomplete(body, totals, answer.error());
    totals.add(answer->object);
  }
  return totals;
}

void print_failures(const boost::json::object& failed) {
  if (failed.empty()) return;
  std::vector<std::vector<std::string>> rows = {{"FAILED", "WHY"}};
  for (const auto& entry : failed) {
    if (rows.size() > failures_shown) break;
    const auto& why = entry.value().as_object();
    std::string reason = text_of(why, "command_error");
    if (reason.empty()) reason = text_of(why, "push_error");  // else what follows from it
    rows.push_back({std::string(entry.key()), reason});
  }
  print(format_table(rows));
  if (failed.size() > failures_shown) {
    print(fmt::format("and {} more; see them all with --json\n", failed.size() - failures_shown));
  }
}

// "already had it: 2", with the state it is in when that is one enrolment's.
std::string already_text(const Session& session, const Totals& totals,
                         const std::vector<std::string>& ids) {
  std::string text = fmt::format("already had it: {}", totals.already_queued);
  if (ids.size() != 1) return text + "\n";
  const auto delivery = session.client.get("/v1/deliveries/" + path_segment(ids.front()) + "/" +
                                           path_segment(totals.command_uuid));
  if (delivery) text += " (" + text_of(delivery->object, "state") + ")";
  return text + "\n";
}

void print_totals(const Session& session, const Totals& totals,
                  const std::vector<std::string>& ids) {
  if (session.output == Output::json) {
    boost::json::object object;
    if (!totals.command_uuid.empty()) object["command_uuid"] = totals.command_uuid;
    object["enrolments"] = totals.enrolments;
    object["queued"] = totals.queued;
    object["already_queued"] = totals.already_queued;
    object["pushed"] = totals.pushed;
    object["failed"] = totals.failed;
    print(boost::json::serialize(object) + "\n");
  } else {
    if (!totals.command_uuid.empty()) {
      print(fmt::format("command {}\nqueued for {} of {} enrolments\n", totals.command_uuid,
                        totals.queued, totals.enrolments));
      if (totals.already_queued > 0) print(already_text(session, totals, ids));
    }
    print(fmt::format("pushed {} of {}\n", totals.pushed, totals.enrolments));
    print_failures(totals.failed);
  }
}

// A command that is queued will reach its device, pushed now or later.
bool all_queued(const Totals& totals) {
  return std::ranges::none_of(totals.failed, [](const auto& entry) {
    return entry.value().as_object().contains("command_error");
  });
}

Result<std::vector<std::string>> choose_ids(const AdminClient& client,
                                            const std::vector<std::string>& ids, bool all) {
  if (!all) return ids;
  Result<std::vector<std::string>> enrolled = enrolled_ids(client);
  if (enrolled && enrolled->empty()) return failure(ErrorCode::not_found, "nobody is enrolled");
  return enrolled;
}

// Everyone of a large fleet is better served by a batch: one request, durable as a whole, with a
// progress that anyone can follow. It has no --no-push.
Result<bool> is_for_a_batch(const AdminClient& client, const SendCommand& options) {
  if (!options.all || !options.push) return false;
  const auto status = client.get("/v1/status");
  if (!status) return std::unexpected(status.error());
  const auto& enrolled = status->object.at("counts").at("enrolments_enrolled");
  return enrolled.to_number<std::uint64_t>() > chunk_size;
}

}  // namespace

int send_command(const Session& session, const SendCommand& options) {
  const Result<bool> batch_is_better = is_for_a_batch(session.client, options);
  if (!batch_is_better) return report(batch_is_better.error());
  if (*batch_is_better) {
    StartBatch batch;
    batch.send = options;
    return start_batch(session, batch);
  }
  Result<boost::json::object> body = command_members(options);
  if (!body) return report(body.error());
  (*body)["push"] = options.push;
  const auto ids = choose_ids(session.client, options.ids, options.all);
  if (!ids) return report(ids.error());
  const auto totals = send_in_chunks(session.client, "/v1/commands", *std::move(body), *ids);
  if (!totals) return report(totals.error());
  print_totals(session, *totals, *ids);
  return all_queued(*totals) ? 0 : 1;
}

int wake(const Session& session, const std::vector<std::string>& given, bool all) {
  const auto ids = choose_ids(session.client, given, all);
  if (!ids) return report(ids.error());
  const auto totals = send_in_chunks(session.client, "/v1/wakes", {}, *ids);
  if (!totals) return report(totals.error());
  print_totals(session, *totals, *ids);
  return totals->failed.empty() ? 0 : 1;
}

int show_command(const Session& session, const std::string& id, const std::string& uuid) {
  const auto answer =
      session.client.get("/v1/deliveries/" + path_segment(id) + "/" + path_segment(uuid));
  if (!answer) return report(answer.error());
  if (session.output == Output::json) {
    print(answer->text);
    return 0;
  }
  boost::json::object delivery = answer->object;
  const std::optional<Bytes> result = from_base64(text_of(delivery, "result"));
  delivery.erase("result");
  print(format_members(delivery));
  if (!result && delivery.contains("result_bytes")) {
    print("\nthe result is long: see it with `reveillectl command result " + id + ' ' + uuid +
          "`\n");
  }
  if (result && !result->empty()) {
    const bool binary = result->starts_with("bplist");
    print(binary ? "\nthe result is a binary property list: see it with --json\n"
                 : "\n" + *result + "\n");
  }
  return 0;
}

int show_result(const Session& session, const std::string& id, const std::string& uuid) {
  const auto answer = session.client.get("/v1/deliveries/" + path_segment(id) + "/" +
                                         path_segment(uuid) + "/result");
  if (!answer) return report(answer.error());
  print(answer->text);
  return 0;
}

int cancel_command(const Session& session, const std::string& id, const std::string& uuid) {
  const auto answer = session.client.request(
      "DELETE", "/v1/deliveries/" + path_segment(id) + "/" + path_segment(uuid), "");
  if (!answer) return report(answer.error());
  print(session.output == Output::json ? answer->text : "cancelled\n");
  return 0;
}

}  // namespace reveille
