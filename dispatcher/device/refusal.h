#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol/base/error.h"

namespace reveille::device {

// Why a device did not get what it asked for. Each one is counted and logged under its name.
enum class Refusal : std::uint8_t {
  // who is calling
  no_certificate,
  bad_signature,          // an Mdm-Signature that does not verify
  bad_proxy_header,       // a trusted proxy passes on what is no certificate
  certificates_differ,    // TLS shows another certificate than the one that signed
  certificate_untrusted,  // not ours, outside its dates, or no client certificate
  // for which enrolment
  certificate_unbound,          // ours, but no enrolment began with it
  certificate_bound_elsewhere,  // to another enrolment
  certificate_superseded,       // the enrolment has a later one
  certificate_revoked,          // by an operator
  enrolment_unbound,            // taken over from another server: no certificate is tied to it yet
  enrolment_unknown,
  enrolment_ended,
  // with what
  malformed,
  wrong_channel,        // a message that only a device sends, from a user channel
  wrong_enrolment,      // a message that this kind of enrolment does not have
  topic_mismatch,       // none of our push certificates has the topic
  no_push_certificate,  // there is none at all
  user_not_managed,     // UserAuthenticate: network users are not managed
  auth_token_wrong,     // a user who has not logged in, or not with this AuthToken
  access_token_wrong,   // an account-driven enrolment without a valid bearer token
  unknown_token_service,
  return_to_service_off,  // it is not configured
  not_served,  // a message for a feature that this server lacks
  // our own trouble
  overloaded,
  unavailable,
  corrupt,
};
constexpr std::size_t refusals = static_cast<std::size_t>(Refusal::corrupt) + 1;

const char* name_of(Refusal refusal);

// What a storage error means to the device that caused it.
Refusal refusal_of(ErrorCode code);

// A refusal with what people may want to know; `detail` holds no secret.
struct Refused {
  Refusal refusal;
  std::string detail;
};

}  // namespace reveille::device
