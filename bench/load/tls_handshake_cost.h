#pragma once

#include "dispatcher/http/tls_context.h"
#include "protocol/base/error.h"

namespace reveille::bench {

// Microseconds of CPU that the server's half of a full handshake takes, the mean of `times`, with
// both ends in memory. Errors: unavailable when the two do not agree.
Result<double> handshake_cost(const http::TlsContext& server, const http::TlsContext& client,
                              int times);

}  // namespace reveille::bench
