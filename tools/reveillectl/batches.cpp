#include "tools/reveillectl/batches.h"

#include <fmt/format.h>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "tools/reveillectl/printing.h"
#include "tools/reveillectl/table.h"

namespace reveille {

namespace {

constexpr std::size_t page_size = 100;

std::int64_t number_of(const boost::json::object& object, const char* key) {
  return object.at(key).to_number<std::int64_t>();
}

bool flag_of(const boost::json::object& object, const char* key) {
  return object.at(key).as_bool();
}

std::int64_t skipped_of(const boost::json::object& counts) {
  std::int64_t sum = 0;
  for (const auto& reason : counts.at("skipped").as_object()) {
    sum += reason.value().to_number<std::int64_t>();
  }
  return sum;
}

// What it does, in one word.
std::string activity_of(const boost::json::object& batch) {
  const auto& counts = batch.at("counts").as_object();
  const std::string state = text_of(batch, "state");
  if (flag_of(counts, "done")) return state == "cancelled" ? "cancelled" : "done";
  if (state == "cancelled") return "cancelling";
  if (flag_of(counts, "withdrawing")) return "expiring";
  if (flag_of(counts, "expanding")) return state == "paused" ? "paused" : "expanding";
  return "waiting for devices";
}

std::vector<std::string> row_of(const boost::json::object& batch) {
  const auto& counts = batch.at("counts").as_object();
  return {text_of(batch, "batch_id"),         activity_of(batch),
          text_of(batch, "priority"),         text_of(counts, "audience"),
          text_of(counts, "unexpanded"),      text_of(counts, "live"),
          text_of(counts, "acknowledged"),    text_of(counts, "failed"),
          fmt::to_string(skipped_of(counts)), text_of(batch, "created_at")};
}

void print_batch(const boost::json::object& batch) {
  const auto& counts = batch.at("counts").as_object();
  boost::json::object shown = batch;
  shown["state"] = activity_of(batch);
  if (number_of(batch, "rate_per_second") == 0) shown["rate_per_second"] = "no limit";
  print(format_members(shown));
  print("\ncounts\n" + format_members(counts));
  print("\nskipped\n" + format_members(counts.at("skipped").as_object()));
}

}  // namespace

bool is_at_end(const boost::json::object& batch) {
  return flag_of(batch.at("counts").as_object(), "done");
}

std::string progress_text(const boost::json::object& batch) {
  const auto& counts = batch.at("counts").as_object();
  const std::int64_t audience = number_of(counts, "audience");
  const std::int64_t expanded = audience - number_of(counts, "unexpanded");
  std::string text =
      fmt::format("{}: {} of {}, {} live, {} acknowledged", activity_of(batch), expanded, audience,
                  number_of(counts, "live"), number_of(counts, "acknowledged"));
  for (const char* end : {"failed", "cancelled", "expired", "voided"}) {
    const std::int64_t count = number_of(counts, end);
    if (count > 0) text += fmt::format(", {} {}", count, end);
  }
  const std::int64_t skipped = skipped_of(counts);
  if (skipped > 0) text += fmt::format(", {} skipped", skipped);
  return text;
}

int list_batches(const Session& session, const ListBatches& options) {
  const bool as_json = session.output == Output::json;
  boost::json::array all;
  std::vector<std::vector<std::string>> rows = {{"BATCH", "DOES", "PRIORITY", "AUDIENCE", "TO GO",
                                                 "LIVE", "ACKNOWLEDGED", "FAILED", "SKIPPED",
                                                 "CREATED AT"}};
  std::string after;
  while (options.limit == 0 || all.size() < options.limit) {
    const std::size_t wanted =
        options.limit == 0 ? page_size : std::min(page_size, options.limit - all.size());
    const auto page = session.client.get(
        fmt::format("/v1/batches?limit={}&after={}", wanted, path_segment(after)));
    if (!page) return report(page.error());
    for (const auto& batch : page->object.at("batches").as_array()) {
      rows.push_back(row_of(batch.as_object()));
      all.push_back(batch);
    }
    if (!page->object.contains("next")) break;
    after = page->object.at("next").as_string().c_str();
  }
  if (as_json) {
    boost::json::object object;
    object["batches"] = std::move(all);
    print(boost::json::serialize(object) + "\n");
  } else {
    print(rows.size() > 1 ? format_table(rows) : "none\n");
  }
  return 0;
}

int show_batch(const Session& session, const std::string& id, bool watch) {
  if (watch) return watch_batch(session, id);
  const auto answer = session.client.get("/v1/batches/" + path_segment(id));
  if (!answer) return report(answer.error());
  if (session.output == Output::json) {
    print(answer->text);
  } else {
    print_batch(answer->object);
  }
  return 0;
}

int change_batch(const Session& session, const std::string& id, const std::string& verb) {
  const auto answer =
      session.client.request("POST", "/v1/batches/" + path_segment(id) + "/" + verb, "");
  if (!answer) return report(answer.error());
  print(session.output == Output::json ? answer->text : progress_text(answer->object) + "\n");
  return 0;
}

}  // namespace reveille
