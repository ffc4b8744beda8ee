#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>

#include "protocol/base/base64.h"
#include "tools/reveillectl/batches.h"
#include "tools/reveillectl/command_body.h"
#include "tools/reveillectl/printing.h"
#include "tools/reveillectl/subcommands.h"
#include "tools/reveillectl/table.h"

namespace reveille {

namespace {

// One id a line; empty lines and what follows a '#' at a line's beginning are left out.
Result<boost::json::array> read_ids(const std::filesystem::path& file) {
  Result<Bytes> text = read_file(file);
  if (!text) return std::unexpected(std::move(text.error()));
  boost::json::array ids;
  std::string_view rest = *text;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty() && !line.starts_with('#')) ids.emplace_back(line);
  }
  if (ids.empty()) return failure(ErrorCode::malformed, file.string() + " holds no id");
  return ids;
}

Result<boost::json::object> audience_of(const StartBatch& options) {
  boost::json::object audience;
  if (options.send.all) {
    audience["all"] = options.kind;
  } else if (!options.ids_file.empty()) {
    Result<boost::json::array> ids = read_ids(options.ids_file);
    if (!ids) return std::unexpected(std::move(ids.error()));
    audience["enrolments"] = *std::move(ids);
  } else {
    audience["enrolments"] = boost::json::array(options.send.ids.begin(), options.send.ids.end());
  }
  return audience;
}

Result<boost::json::object> body_of(const StartBatch& options) {
  Result<boost::json::object> body = command_members(options.send);
  if (!body) return body;
  Result<boost::json::object> audience = audience_of(options);
  if (!audience) return audience;
  (*body)["audience"] = *std::move(audience);
  if (options.rate_per_second > 0) (*body)["rate_per_second"] = options.rate_per_second;
  if (options.expires_in_seconds > 0) (*body)["expires_in_seconds"] = options.expires_in_seconds;
  if (options.urgent) (*body)["priority"] = "urgent";
  return body;
}

}  // namespace

int start_batch(const Session& session, const StartBatch& options) {
  const Result<boost::json::object> body = body_of(options);
  if (!body) return report(body.error());
  const auto answer = session.client.request("POST", "/v1/batches", boost::json::serialize(*body));
  if (!answer) {
    Error error = answer.error();
    if (error.code == ErrorCode::conflict) {
      error.detail += another_command_hint;
    } else if (body->contains("command_uuid")) {
      error.detail += " (to try again: --uuid " + text_of(*body, "command_uuid") + ")";
    }
    return report(error);
  }
  const std::string id = text_of(answer->object, "batch_id");
  if (session.output == Output::json) {
    if (!options.watch) print(answer->text);
  } else {
    print("batch " + id + "\ncommand " + text_of(answer->object, "command_uuid") + "\n");
    if (!options.watch) print("see it with `reveillectl batch show " + id + " --watch`\n");
  }
  return options.watch ? watch_batch(session, id) : 0;
}

}  // namespace reveille
