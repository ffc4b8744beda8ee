#pragma once

#include <cstdint>
#include <optional>

#include "protocol/base/error.h"
#include "protocol/mdm/check_in.h"
#include "storage/records.h"

// How an enrolment's record changes from message to message: plain decisions on values, which every
// engine shares. Queues, schedules and secrets are the engines' own affair.
namespace reveille::storage {

// The record of a new life, at `pending`.
// Errors: malformed for a user channel, and for an id that is empty, too long or holds ':'.
Result<Enrolment> begin_life(const mdm::Authenticate& message, const Sha256& certificate,
                             std::uint32_t generation, Time now);

// The record after a TokenUpdate, as Transaction::update_token() promises. `stored` is the record
// of the channel that speaks; `device` that of its device, for a user channel only.
//
// A user channel has no Authenticate, so its TokenUpdate begins its next life (a new generation)
// after it ended as superseded or checked_out. No user channel gets a token while its device has
// ended, for whatever reason: the device's own TokenUpdate comes first.
// Errors: not_found, conflict; malformed for an id that cannot be stored.
Result<Enrolment> after_token_update(const std::optional<Enrolment>& stored,
                                     const std::optional<Enrolment>& device,
                                     const mdm::TokenUpdate& message, Time now);

// The record after its end; its secrets must go with it.
void end_life(Enrolment& enrolment, EndReason reason, Time now);

}  // namespace reveille::storage
