#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "tools/reveillectl/subcommands.h"

namespace reveille {

// The members of a request that say which command: "request_type", "parameters" and "command_uuid",
// or the file's bytes, which have a UUID, as "command". Errors: as below; not_found for a file.
Result<boost::json::object> command_members(const SendCommand& options);

// The parameters of a command from their command-line form:
//   key=text     a string          key:=JSON   any JSON value
//   key=@file    the file's bytes, as property list data
// Errors: malformed, naming the parameter; not_found for a file.
Result<boost::json::object> parse_parameters(const std::vector<std::string>& parameters);

// After a refusal because the UUID is taken.
inline constexpr const char* another_command_hint =
    "; it is another command than this. To repeat a request, say exactly what it said; "
    "a new command needs a UUID of its own";

}  // namespace reveille
