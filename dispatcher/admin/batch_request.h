#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "dispatcher/runtime/random_source.h"
#include "protocol/base/error.h"
#include "protocol/mdm/command.h"
#include "protocol/mdm/enrolment_id.h"
#include "storage/records.h"

namespace reveille::admin {

// What POST /v1/batches asks.
struct BatchRequest {
  mdm::Command command;
  storage::Batch batch;                            // without id and times
  std::vector<mdm::EnrolmentId> enrolments;        // sorted, none twice; empty: all of a kind
  std::optional<std::chrono::seconds> expires_in;  // nullopt: never
};

// {"audience": {"enrolments": ["ID", ...]} or {"all": "device" | "user" | "any"},
//  "rate_per_second": 50, "expires_in_seconds": 86400, "priority": "bulk" | "urgent",
//  and a command as in POST /v1/commands}
// Rate, expiry and priority may be left out: no limit, never, bulk. A request whose answer was lost
// may be sent again with the same "command_uuid": who has the command is skipped. Unknown keys are
// refused. Errors: malformed, naming the key.
Result<BatchRequest> parse_batch_request(std::string_view body, std::size_t enrolments_max,
                                         RandomSource& random);

}  // namespace reveille::admin
