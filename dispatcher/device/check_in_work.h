#pragma once

#include <chrono>
#include <expected>

#include "dispatcher/device/refusal.h"
#include "dispatcher/device/standing.h"
#include "protocol/mdm/check_in.h"
#include "storage/store.h"

// What check-in messages do to the store: each function is one message, whole, in the device's
// partition. The inner value is the refusal. Errors: unavailable, corrupt.
namespace reveille::device {

struct CheckedIn {
  PinChange pin = PinChange::none;
  bool enrolled = false;  // the first TokenUpdate of a life
  bool ended = false;     // a life that had reached `enrolled`, or was checked out, has ended
};
using CheckInOutcome = Result<std::expected<CheckedIn, Refused>>;

// Ties the certificate to the device, before anything else of Authenticate. In the certificate's
// partition; again to the same device is no error, so that a repeated Authenticate is welcome.
CheckInOutcome tie_certificate(storage::Transaction& transaction, const mdm::Identity& identity,
                               const storage::Sha256& certificate);

// After tie_certificate(): voids what was before and begins at `pending`. A topic that is none of
// ours is refused before anything is void: the TokenUpdate behind it could not succeed.
CheckInOutcome run_authenticate(storage::Transaction& transaction, const mdm::Authenticate& message,
                                const storage::Sha256& certificate, storage::Time now);

// The topic must be that of a push certificate of ours: nobody could wake the device otherwise.
CheckInOutcome run_token_update(storage::Transaction& transaction, const mdm::TokenUpdate& message,
                                const storage::Sha256& certificate, std::chrono::seconds overlap,
                                storage::Time now);

// Twice is as good as once.
CheckInOutcome run_check_out(storage::Transaction& transaction, const mdm::CheckOut& message,
                             const storage::Sha256& certificate, storage::Time now);

// All other messages, whose answers need nothing stored yet: authorised, and the device was heard.
CheckInOutcome run_other_check_in(storage::Transaction& transaction, const mdm::Identity& identity,
                                  const storage::Sha256& certificate, std::chrono::seconds overlap,
                                  storage::Time now);

}  // namespace reveille::device
