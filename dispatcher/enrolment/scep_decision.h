#pragma once

#include <optional>

#include "protocol/pki/scep.h"

// Whether a SCEP request is granted: a table of what is allowed. Whatever it does not name is
// refused.
namespace reveille::enrolment {

// Who signed the request.
enum class ScepSigner {
  // A first request. It need not be signed with the key that it asks for: Macs sign with one that
  // they make for the occasion. What counts is the challenge, and it is spent on the CSR's key.
  self_signed,
  identity,          // an identity of ours, valid now, with the subject it asks for
  identity_renamed,  // an identity of ours, valid now, with another subject
  identity_expired,  // an identity of ours, outside its dates
  identity_revoked,  // an identity of ours that an operator revoked
  stranger,          // anybody else
};

enum class ScepChallenge { absent, present };

enum class ScepRefusal {
  malformed,        // not a SCEP message that we can open
  type_not_served,  // neither PKCSReq nor RenewalReq
  key_too_weak,
  no_challenge,       // a first request without a password
  challenge_refused,  // unknown, expired, or spent on another key
  subject_differs,    // a PKCSReq signed by an identity asks for another subject
  identity_expired,
  identity_revoked,  // the signer's, or the one that the challenge was spent on
  signer_unknown,
  identity_superseded,  // its enrolment has ended, or has a later certificate
  not_issued,           // the request's contents do not fit into a certificate
};
constexpr std::size_t scep_refusals = static_cast<std::size_t>(ScepRefusal::not_issued) + 1;

const char* name_of(ScepRefusal refusal);  // the spelling of logs and metrics
pki::scep::FailInfo fail_info_of(ScepRefusal refusal);

struct ScepDecision {
  enum class Action {
    spend_challenge,  // issue if the store lets the challenge be spent on this key
    renew,            // issue; the new certificate is tied to what the signer's is tied to
    refuse,
  } action = Action::refuse;
  std::optional<ScepRefusal> refusal;
};

ScepDecision decide_scep(pki::scep::MessageType type, ScepSigner signer, ScepChallenge challenge);

// RSA of at least `rsa_bits_min`; otherwise an elliptic curve of at least 256 bits.
enum class KeyKind { rsa, elliptic_curve };
bool is_strong_enough(KeyKind kind, int bits, int rsa_bits_min);

}  // namespace reveille::enrolment
