#include "dispatcher/device/refusal.h"

namespace reveille::device {

const char* name_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::no_certificate:
      return "no_certificate";
    case Refusal::bad_signature:
      return "bad_signature";
    case Refusal::bad_proxy_header:
      return "bad_proxy_header";
    case Refusal::certificates_differ:
      return "certificates_differ";
    case Refusal::certificate_untrusted:
      return "certificate_untrusted";
    case Refusal::certificate_unbound:
      return "certificate_unbound";
    case Refusal::certificate_bound_elsewhere:
      return "certificate_bound_elsewhere";
    case Refusal::certificate_superseded:
      return "certificate_superseded";
    case Refusal::certificate_revoked:
      return "certificate_revoked";
    case Refusal::enrolment_unbound:
      return "enrolment_unbound";
    case Refusal::enrolment_unknown:
      return "enrolment_unknown";
    case Refusal::enrolment_ended:
      return "enrolment_ended";
    case Refusal::malformed:
      return "malformed";
    case Refusal::wrong_channel:
      return "wrong_channel";
    case Refusal::wrong_enrolment:
      return "wrong_enrolment";
    case Refusal::topic_mismatch:
      return "topic_mismatch";
    case Refusal::no_push_certificate:
      return "no_push_certificate";
    case Refusal::user_not_managed:
      return "user_not_managed";
    case Refusal::auth_token_wrong:
      return "auth_token_wrong";
    case Refusal::access_token_wrong:
      return "access_token_wrong";
    case Refusal::unknown_token_service:
      return "unknown_token_service";
    case Refusal::return_to_service_off:
      return "return_to_service_off";
    case Refusal::not_served:
      return "not_served";
    case Refusal::overloaded:
      return "overloaded";
    case Refusal::unavailable:
      return "unavailable";
    case Refusal::corrupt:
      return "corrupt";
  }
  return "unknown";
}

Refusal refusal_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::malformed:
      return Refusal::malformed;
    case ErrorCode::unauthorised:
      return Refusal::certificate_unbound;
    case ErrorCode::not_found:
      return Refusal::enrolment_unknown;
    case ErrorCode::conflict:
      return Refusal::enrolment_ended;
    case ErrorCode::overloaded:
      return Refusal::overloaded;
    case ErrorCode::unavailable:
      return Refusal::unavailable;
    case ErrorCode::corrupt:
      return Refusal::corrupt;
  }
  return Refusal::unavailable;
}

}  // namespace reveille::device
