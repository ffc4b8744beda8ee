#pragma once

#include <compare>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"

namespace reveille::mdm {

// Any non-empty string of at most 256 bytes without control characters; most are UUIDs. Compared
// byte for byte.
struct CommandUuid {
  std::string text;
  friend auto operator<=>(const CommandUuid&, const CommandUuid&) = default;
};

// The immutable bytes of one request. `body` goes to devices exactly as it was given.
struct Command {
  CommandUuid uuid;
  std::string request_type;  // Command.RequestType
  Bytes body;

  friend bool operator==(const Command&, const Command&) = default;
};

// XML or binary; needs CommandUUID and Command.RequestType; nothing else is checked.
// Errors: malformed, naming the key.
Result<Command> parse_command(Bytes body);

}  // namespace reveille::mdm
