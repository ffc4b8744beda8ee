#include "dispatcher/enrolment/scep_decision.h"

#include <array>

namespace reveille::enrolment {
namespace {

using pki::scep::FailInfo;
using pki::scep::MessageType;
using Action = ScepDecision::Action;

struct Allowed {
  MessageType type;
  ScepSigner signer;
  ScepChallenge challenge;
  Action action;
};

// A challenge that comes with a renewal is not looked at: the identity has proved more.
constexpr std::array allowed{
    Allowed{MessageType::pkcs_req, ScepSigner::self_signed, ScepChallenge::present,
            Action::spend_challenge},
    // Clients older than RenewalReq renew with a PKCSReq.
    Allowed{MessageType::pkcs_req, ScepSigner::identity, ScepChallenge::absent, Action::renew},
    Allowed{MessageType::pkcs_req, ScepSigner::identity, ScepChallenge::present, Action::renew},
    Allowed{MessageType::renewal_req, ScepSigner::identity, ScepChallenge::absent, Action::renew},
    Allowed{MessageType::renewal_req, ScepSigner::identity, ScepChallenge::present, Action::renew},
    Allowed{MessageType::renewal_req, ScepSigner::identity_renamed, ScepChallenge::absent,
            Action::renew},
    Allowed{MessageType::renewal_req, ScepSigner::identity_renamed, ScepChallenge::present,
            Action::renew},
};

// Of what the table does not allow: the reason that helps its reader most.
ScepRefusal reason_for(MessageType type, ScepSigner signer) {
  if (type != MessageType::pkcs_req && type != MessageType::renewal_req) {
    return ScepRefusal::type_not_served;
  }
  switch (signer) {
    case ScepSigner::identity_expired:
      return ScepRefusal::identity_expired;
    case ScepSigner::identity_revoked:
      return ScepRefusal::identity_revoked;
    case ScepSigner::identity_renamed:
      return ScepRefusal::subject_differs;
    case ScepSigner::self_signed:
      return type == MessageType::pkcs_req ? ScepRefusal::no_challenge
                                           : ScepRefusal::signer_unknown;
    case ScepSigner::identity:
    case ScepSigner::stranger:
      break;
  }
  return ScepRefusal::signer_unknown;
}

}  // namespace

const char* name_of(ScepRefusal refusal) {
  switch (refusal) {
    case ScepRefusal::malformed:
      return "malformed";
    case ScepRefusal::type_not_served:
      return "type_not_served";
    case ScepRefusal::key_too_weak:
      return "key_too_weak";
    case ScepRefusal::no_challenge:
      return "no_challenge";
    case ScepRefusal::challenge_refused:
      return "challenge_refused";
    case ScepRefusal::subject_differs:
      return "subject_differs";
    case ScepRefusal::identity_expired:
      return "identity_expired";
    case ScepRefusal::identity_revoked:
      return "identity_revoked";
    case ScepRefusal::signer_unknown:
      return "signer_unknown";
    case ScepRefusal::identity_superseded:
      return "identity_superseded";
    case ScepRefusal::not_issued:
      return "not_issued";
  }
  return "unknown";
}

FailInfo fail_info_of(ScepRefusal refusal) {
  switch (refusal) {
    case ScepRefusal::key_too_weak:
      return FailInfo::bad_alg;
    case ScepRefusal::identity_expired:
      return FailInfo::bad_time;
    case ScepRefusal::identity_revoked:
    case ScepRefusal::signer_unknown:
    case ScepRefusal::identity_superseded:
      return FailInfo::bad_cert_id;
    case ScepRefusal::malformed:
      return FailInfo::bad_message_check;
    case ScepRefusal::type_not_served:
    case ScepRefusal::no_challenge:
    case ScepRefusal::challenge_refused:
    case ScepRefusal::subject_differs:
    case ScepRefusal::not_issued:
      break;
  }
  return FailInfo::bad_request;
}

ScepDecision decide_scep(MessageType type, ScepSigner signer, ScepChallenge challenge) {
  for (const Allowed& row : allowed) {
    if (row.type == type && row.signer == signer && row.challenge == challenge) {
      return {.action = row.action, .refusal = std::nullopt};
    }
  }
  return {.action = Action::refuse, .refusal = reason_for(type, signer)};
}

bool is_strong_enough(KeyKind kind, int bits, int rsa_bits_min) {
  constexpr int curve_bits_min = 256;
  return bits >= (kind == KeyKind::rsa ? rsa_bits_min : curve_bits_min);
}

}  // namespace reveille::enrolment
