#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dispatcher/runtime/random_source.h"
#include "protocol/base/error.h"
#include "protocol/mdm/command.h"
#include "protocol/plist/value.h"

namespace reveille::admin {

// What POST /v1/commands and POST /v1/wakes ask.
struct CommandRequest {
  std::vector<std::string> enrolments;  // no id twice
  std::optional<mdm::Command> command;
  bool push = true;
};

// {"enrolments": ["ID", ...], "push": true, and one of
//    "command": the command's bytes, as XML text or in Base64
//    "request_type": "DeviceInformation", "parameters": {"Queries": ["OSVersion"]}}
// The second form builds the command, with a fresh UUID or with "command_uuid": so a list of
// enrolments may be sent in several requests, and a request whose answer was lost again. Unknown
// keys are refused.
// Errors: malformed, naming the key.
Result<CommandRequest> parse_command_request(std::string_view body, std::size_t enrolments_max,
                                             RandomSource& random);

// {"enrolments": ["ID", ...]}
Result<CommandRequest> parse_wake_request(std::string_view body, std::size_t enrolments_max);

// The members "command", "request_type", "parameters" and "command_uuid" of a larger request.
// Errors: malformed, naming the key.
Result<mdm::Command> command_of(const boost::json::object& object, RandomSource& random);

// A JSON object's text. Errors: malformed.
Result<boost::json::object> parse_json_object(std::string_view body);

// Errors: malformed, naming the first key that is not known.
Result<void> refuse_unknown_keys(const boost::json::object& object,
                                 std::span<const std::string_view> known);

// JSON to property list: {"$data": "BASE64"} is data, all else keeps its type; null is refused, as
// property lists have none. Errors: malformed.
Result<plist::Value> to_plist(const boost::json::value& value);

}  // namespace reveille::admin
