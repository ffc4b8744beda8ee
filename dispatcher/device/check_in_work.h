#pragma once

#include <cstddef>
#include <expected>
#include <optional>

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
  std::optional<Bytes> bootstrap_token;  // what was asked for; nullopt: none is escrowed
};
using CheckInOutcome = Result<std::expected<CheckedIn, Refused>>;

// Ties the certificate to the device, before anything else of Authenticate: the first of its line,
// so that one challenge makes one device, however often its certificate was renewed. In the
// partition of that first one; again to the same device is no error, so that a repeated
// Authenticate is welcome.
CheckInOutcome tie_certificate(storage::Transaction& transaction, const mdm::Identity& identity,
                               const storage::Sha256& certificate);

// After tie_certificate(): voids what was before and begins at `pending`. A topic that is none of
// ours is refused before anything is void: the TokenUpdate behind it could not succeed.
CheckInOutcome run_authenticate(storage::Transaction& transaction, const mdm::Authenticate& message,
                                const storage::Sha256& certificate, storage::Time now);

// The topic must be that of a push certificate of ours: nobody could wake the device otherwise.
CheckInOutcome run_token_update(storage::Transaction& transaction, const mdm::TokenUpdate& message,
                                const storage::Sha256& certificate, const AuthorisationRules& rules,
                                storage::Time now);

// Twice is as good as once.
CheckInOutcome run_check_out(storage::Transaction& transaction, const mdm::CheckOut& message,
                             const storage::Sha256& certificate, const AuthorisationRules& rules,
                             storage::Time now);

// A missing or empty token takes the stored one away. Not for User Enrolments.
constexpr std::size_t bootstrap_token_bytes_max = 64 * 1'024;
CheckInOutcome run_set_bootstrap_token(storage::Transaction& transaction,
                                       const mdm::SetBootstrapToken& message,
                                       const storage::Sha256& certificate,
                                       const AuthorisationRules& rules, storage::Time now);

// GetBootstrapToken and ReturnToService: the device itself, and what it escrowed.
CheckInOutcome run_get_bootstrap_token(storage::Transaction& transaction,
                                       const mdm::Identity& identity,
                                       const storage::Sha256& certificate,
                                       const AuthorisationRules& rules, storage::Time now);

// What is answered from elsewhere than the store: authorised, and the device was heard.
CheckInOutcome run_other_check_in(storage::Transaction& transaction, const Claim& claim,
                                  const AuthorisationRules& rules, storage::Time now);

}  // namespace reveille::device
