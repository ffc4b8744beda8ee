#pragma once

#include <expected>

#include "dispatcher/device/authorise.h"
#include "storage/store.h"

namespace reveille::device {

// Reads what authorise() decides by. In the device's partition.
// Errors: unavailable, corrupt.
Result<Standing> read_standing(storage::Transaction& transaction, MessageKind kind,
                               const mdm::Identity& identity, const storage::Sha256& certificate,
                               const AuthorisationRules& rules, storage::Time now);

// What was authorised: the records as they were.
struct Authorised {
  Standing standing;
  PinChange pin = PinChange::none;
};

// What a request shows of who sends it.
struct Claim {
  MessageKind kind;
  const mdm::Identity& identity;
  storage::Sha256 certificate;
  const mdm::AuthToken* auth_token = nullptr;
};

// read_standing(), authorise(), check_login(), and the change of pin that follows: the certificate
// before it is accepted for the overlap. In the device's partition. The inner value is the refusal.
// Errors: unavailable, corrupt.
Result<std::expected<Authorised, Refusal>> authorise_in(storage::Transaction& transaction,
                                                        const Claim& claim,
                                                        const AuthorisationRules& rules,
                                                        storage::Time now);

}  // namespace reveille::device
