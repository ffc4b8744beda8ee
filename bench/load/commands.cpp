#include "bench/load/queue_commands.h"

#include <boost/json.hpp>
#include <utility>

#include "dispatcher/runtime/random_source.h"

namespace reveille::bench {

Result<void> queue_commands(const Daemon& daemon, const SeededFleet& fleet, std::size_t devices) {
  SystemRandomSource random;
  boost::json::array ids;
  for (std::size_t i = 0; i < devices; ++i) ids.emplace_back(fleet.ids[i]);
  const boost::json::object body{{"enrolments", std::move(ids)},
                                 {"request_type", "DeviceInformation"},
                                 {"parameters", {{"Queries", {"OSVersion", "DeviceName"}}}},
                                 {"command_uuid", random.uuid()},
                                 {"push", false}};
  auto answer = daemon.admin().request("POST", "/v1/commands", boost::json::serialize(body));
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (answer->status == 200) return {};
  return failure(ErrorCode::unavailable,
                 "a command was not queued: " + answer->text.substr(0, 500));
}

}  // namespace reveille::bench
