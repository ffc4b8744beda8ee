#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "dispatcher/device/check_in_work.h"
#include "dispatcher/device/refusal.h"
#include "dispatcher/device/user_directory.h"
#include "protocol/mdm/check_in.h"
#include "protocol/pki/http_digest.h"
#include "storage/store.h"

// The login of a Mac's network or mobile-home user (protocol.md section 3, UserAuthenticate):
//
//   UserAuthenticate ──► refuse: 410, nobody is asked again until the next login
//                   ──► accept: an empty challenge; the user channel needs no AuthToken
//                   ──► digest: a nonce ──► its response ──► an AuthToken, or an empty one
//
// The nonce is good for one response, for one user, for a while; asking for another replaces it,
// and ends the login before it.
namespace reveille::device {

enum class UserPolicy { refuse, accept, digest };

struct UserAuthentication {
  UserPolicy policy = UserPolicy::refuse;
  std::string realm = "reveille";
  std::chrono::seconds nonce_lifetime = std::chrono::minutes(5);
  // Of UserPolicy::digest. (shared_ptr: the endpoints of all lanes have the same.)
  std::shared_ptr<UserDirectory> directory;
};

// Each is one step, whole, in the device's partition. The inner value is the refusal.
// Errors: unavailable, corrupt.

// The first message: forgets the login before it; keeps `nonce` when there is one.
CheckInOutcome begin_login(storage::Transaction& transaction, const mdm::Identity& identity,
                           const storage::Sha256& certificate,
                           const std::optional<storage::UserLogin>& login,
                           const AuthorisationRules& rules, storage::Time now);

// The second message: spends the nonce. The innermost value says whether it was the one that was
// asked, in time.
Result<std::expected<bool, Refused>> spend_nonce(storage::Transaction& transaction,
                                                 const mdm::Identity& identity,
                                                 const storage::Sha256& certificate,
                                                 const storage::Sha256& nonce,
                                                 const AuthorisationRules& rules,
                                                 storage::Time now);

// After the password was proved. False: another login has begun meanwhile, or the device is gone.
Result<bool> finish_login(storage::Transaction& transaction, const mdm::Identity& identity,
                          const storage::Sha256& auth_token);

}  // namespace reveille::device
