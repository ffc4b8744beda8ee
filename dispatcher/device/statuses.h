#pragma once

#include "dispatcher/device/refusal.h"
#include "dispatcher/device/statistics.h"

namespace reveille::device {

// The one table from refusals to HTTP statuses: each is one that a device survives, and after which
// it keeps what it had to say (protocol.md section 2).
//
//   400  the request itself is wrong: without a usable certificate, malformed, a wrong topic
//   409  the request is well made, but does not fit what we know of the enrolment. Neither 404, on
//        which a device drops declarations, nor 410, which is about users
//   410  to a user's UserAuthenticate or TokenUpdate alone: this user is not managed, and is not
//        asked again before the next login
//   501  a message for a feature that this server lacks: the device keeps it for a later one
//   503  our trouble: come back (500: our records are damaged)
//
// Never 401, never 403: these take a management profile away. (sign_in_again.h has the one 401.)
int status_of(Refusal refusal, RequestKind asked = RequestKind::unreadable);

}  // namespace reveille::device
