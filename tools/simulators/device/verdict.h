#pragma once

#include <optional>
#include <string_view>

#include "protocol/http/message.h"
#include "tools/simulators/device/rules.h"

namespace reveille::simulators::device {

// What a device does with the status of an answer: the table of protocol.md section 2.
enum class Verdict {
  accepted,       // 2xx
  sign_in_again,  // 401 with a Bearer challenge, to a request with a token
  unenrolled,     // 401, or 403 with the code that unenrols
  refused,        // any other 4xx, or 501: survived
  unavailable,    // any other 5xx: the same, and repeated later
};

Verdict verdict_of(const http::Response& response, bool has_bearer_token);

}  // namespace reveille::simulators::device
