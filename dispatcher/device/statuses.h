#pragma once

#include "dispatcher/device/refusal.h"

namespace reveille::device {

// The one table from refusals to HTTP statuses: each is one that a device survives, and after which
// it keeps what it had to say (protocol.md section 2).
//
//   400  the request itself is wrong: without a usable certificate, malformed, a wrong topic
//   409  the request is well made, but does not fit what we know of the enrolment. Neither 404, on
//        which a device drops declarations, nor 410, which is about users
//   410  to UserAuthenticate alone: this user is not managed
//   501  a message for a feature that this server lacks: the device keeps it for a later one
//   503  our trouble: come back (500: our records are damaged)
//
// Never 401, never 403: these take a management profile away.
int status_of(Refusal refusal);

}  // namespace reveille::device
