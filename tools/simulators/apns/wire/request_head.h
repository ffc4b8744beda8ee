#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "tools/simulators/apns/push.h"
#include "tools/simulators/apns/wire/header_fields.h"

namespace reveille::simulators::apns::wire {

// Sorts a request's fields into `head`. Returns what makes the request malformed (RFC 9113 sections
// 8.1.1 and 8.2), a literal, or nullptr. Such a request is its stream's error, PROTOCOL_ERROR.
const char* read_request_head(std::span<const HeaderField> fields, PushHead& head);

// The same for what may stand behind a body.
const char* check_trailers(std::span<const HeaderField> fields);

}  // namespace reveille::simulators::apns::wire
