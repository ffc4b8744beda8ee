#include "bench/load/commands.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "dispatcher/runtime/random_source.h"

namespace reveille::bench {

boost::json::object device_information(const std::string& uuid) {
  return {{"request_type", "DeviceInformation"},
          {"parameters", {{"Queries", {"OSVersion", "DeviceName"}}}},
          {"command_uuid", uuid}};
}

Result<void> queue_commands(const Daemon& daemon, const SeededFleet& fleet, std::size_t devices) {
  SystemRandomSource random;
  boost::json::array ids;
  for (std::size_t i = 0; i < devices; ++i) ids.emplace_back(fleet.ids[i]);
  boost::json::object body = device_information(random.uuid());
  body["enrolments"] = std::move(ids);
  body["push"] = false;
  auto answer = daemon.admin().request("POST", "/v1/commands", boost::json::serialize(body));
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (answer->status == 200) return {};
  return failure(ErrorCode::unavailable,
                 "a command was not queued: " + answer->text.substr(0, 500));
}

std::string batch_of_device_information(boost::json::object audience) {
  SystemRandomSource random;
  boost::json::object body = device_information(random.uuid());
  body["audience"] = std::move(audience);
  return boost::json::serialize(body);
}

Result<void> start_batch(const Daemon& daemon, const std::string& body) {
  auto answer = daemon.admin().request("POST", "/v1/batches", body);
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (answer->status == 202) return {};
  return failure(ErrorCode::unavailable,
                 fmt::format("HTTP {}: {}", answer->status, answer->text.substr(0, 500)));
}

}  // namespace reveille::bench
