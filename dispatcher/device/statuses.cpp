#include "dispatcher/device/statuses.h"

namespace reveille::device {

int status_of(Refusal refusal, RequestKind asked) {
  switch (refusal) {
    case Refusal::no_certificate:
    case Refusal::bad_signature:
    case Refusal::bad_proxy_header:
    case Refusal::certificates_differ:
    case Refusal::certificate_untrusted:
    case Refusal::malformed:
    case Refusal::wrong_channel:
    case Refusal::wrong_enrolment:
    case Refusal::topic_mismatch:
    case Refusal::unknown_token_service:
    case Refusal::return_to_service_off:
      return 400;
    case Refusal::certificate_unbound:
    case Refusal::certificate_bound_elsewhere:
    case Refusal::certificate_superseded:
    case Refusal::certificate_revoked:
    case Refusal::enrolment_unbound:
    case Refusal::enrolment_unknown:
    case Refusal::enrolment_ended:
    case Refusal::access_token_wrong:
      return 409;
    case Refusal::auth_token_wrong:
      return asked == RequestKind::token_update ? 410 : 409;
    case Refusal::user_not_managed:
      return 410;
    case Refusal::corrupt:
      return 500;
    case Refusal::not_served:
      return 501;
    case Refusal::no_push_certificate:
    case Refusal::overloaded:
    case Refusal::unavailable:
      return 503;
  }
  return 503;
}

}  // namespace reveille::device
