#pragma once

#include "protocol/base/error.h"

namespace reveille::http {

// The one table from errors to statuses. Never 401, never 403: to a device these can mean "remove
// your management profile" (protocol.md section 2), so nobody gets them by default.
//   malformed 400, unauthorised 400, not_found 404, conflict 409, overloaded 503, unavailable 503,
//   corrupt 500
int status_of(ErrorCode code);

}  // namespace reveille::http
