#pragma once

#include "protocol/base/bytes.h"
#include "protocol/http/message.h"

namespace reveille::http {

enum class AfterAnswer { keep, keep_http_1_0, close };

// Status line and headers of an HTTP/1.1 response, with the length of its body. Headers of the
// connection and of framing are ours to set: the response's own are left out. Requires
// is_sendable().
Bytes response_head(const Response& response, AfterAnswer after);

// No header holds a line break or NUL: one that does would let somebody write headers of their own.
bool is_sendable(const Response& response);

// Whether the body is sent at all (RFC 9112 section 6.3).
bool sends_body(const Response& response, bool to_head_request);

}  // namespace reveille::http
