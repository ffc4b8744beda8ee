#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/mdm/check_in.h"
#include "protocol/mdm/enrolment_id.h"

namespace reveille::mdm {

// protocol.md section 4.
enum class Status { idle, acknowledged, error, command_format_error, not_now };

const char* name_of(
    Status status);  // "Idle", "Acknowledged", "Error", "CommandFormatError", "NotNow"

struct ErrorChainItem {
  std::int64_t code = 0;
  std::string domain;
  std::string description;  // USEnglishDescription, or else LocalizedDescription, may be empty
};

// What a device says when it connects to ServerURL: Idle, or the answer to a command.
struct Report {
  Identity identity;
  Status status = Status::idle;
  std::string command_uuid;  // empty when Idle
  std::vector<ErrorChainItem> error_chain;
  bool need_sync_response = false;
  bool user_configuration = false;
  std::optional<AuthToken> auth_token;  // of a user channel
};

// Nested Status keys (of applications, of settings) are not the report's. Values elsewhere may be
// broken, such as <data> that is no base64.
// Errors: malformed: no property list, no identity, no or an unknown Status, a status other than
// Idle without CommandUUID.
Result<Report> parse_report(BytesView body);

}  // namespace reveille::mdm
