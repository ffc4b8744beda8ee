#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <vector>

#include "dispatcher/device/refusal.h"
#include "protocol/mdm/enrolment_id.h"
#include "storage/records.h"

// Whether a certificate may speak for an enrolment: decided from values alone. Promise 4.
namespace reveille::device {

enum class MessageKind {
  authenticate,
  token_update,
  check_out,
  user_authenticate,
  device_matter,  // what only a device may ask: bootstrap tokens, ReturnToService
  other_check_in,
  connect,
};

struct AuthorisationRules {
  // How long the certificate before a renewal is accepted: a device may fail half way through.
  std::chrono::seconds renewal_overlap = std::chrono::days(14);
  // A user who has begun to log in (UserAuthenticate) is heard with the AuthToken alone.
  bool demand_auth_token = false;
  // Enrolments that came from another server without a certificate take the first that shows
  // itself, once. To be switched on for a migration only: until then anybody with a certificate of
  // ours that is tied to nothing can become such a device.
  bool adopt_unbound = false;
};

// What the store knows that bears on one request.
struct Standing {
  std::optional<storage::Enrolment> device;   // the identity's device channel
  std::optional<storage::Enrolment> channel;  // the channel that speaks; for a device: `device`

  // Of a user channel, when the rules demand AuthTokens; nullopt: the user never began to log in,
  // as the local user who installed the profile never does.
  std::optional<storage::UserLogin> login;

  // The rest is looked up only when the certificate is not an accepted one of `device`.
  std::optional<mdm::EnrolmentId> bound_device;  // what the certificate is tied to
  std::vector<storage::Sha256> renews;           // its predecessors, the nearest first
  // Authenticate only: both were issued by us, the presented certificate before the one that
  // `device` has now, as far as the clock tells: it may have run ahead and been set right.
  bool issued_before_pinned = false;
};

// The certificate that the enrolment is pinned to, or the one before it during the overlap.
bool is_accepted(const storage::Enrolment& device, const storage::Sha256& certificate,
                 storage::Time now);

enum class PinChange {
  none,
  adopt,  // a renewal of the accepted certificate shows itself, or the first certificate of an
          // enrolment that had none: Transaction::replace_certificate()
};

// Authenticate takes a certificate that is tied to no other device: a new one, or the enrolment's
// own. A new one came by a challenge, after the one that the device has now. The enrolment's own
// are the pinned one, its predecessor during the overlap, and a renewal of either; once their life
// has ended on purpose it takes a new link to begin again, or whoever keeps the key of a device
// that was removed or erased could come back as that device.
//
// An enrolment without a certificate takes one that was tied to it (tie_certificate()).
//
// All else needs the enrolment's own. Then the enrolment must live; CheckOut is welcome twice, and
// TokenUpdate brings back a device that APNs had given up and begins a user channel.
std::expected<PinChange, Refusal> authorise(MessageKind kind, const mdm::Identity& identity,
                                            const storage::Sha256& certificate,
                                            const Standing& standing, storage::Time now);

// After authorise(): whether the user channel has proved its login. UserAuthenticate, which begins
// one, has nothing to prove.
std::optional<Refusal> check_login(MessageKind kind, const mdm::Identity& identity,
                                   const mdm::AuthToken* auth_token, const Standing& standing);

}  // namespace reveille::device
