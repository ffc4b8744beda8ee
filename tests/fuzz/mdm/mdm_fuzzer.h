#pragma once

#include "protocol/base/ensure.h"
#include "protocol/mdm/enrolment_id.h"

namespace reveille::mdm {

// What storage and logs rely on, whatever a device says of itself.
inline void ensure_usable(const Identity& identity) {
  const auto is_id = [](const EnrolmentId& id) {
    return parse_enrolment_id(id.text()).has_value();
  };
  ensure(is_id(identity.enrolment) && is_id(identity.device), "ids are within their bounds");
  ensure(identity.device.text().find(':') == std::string::npos, "a device's id has no ':'");
  ensure(identity.enrolment.text().starts_with(identity.device.text()),
         "a channel's id begins with its device's");
  const bool user_kind =
      identity.kind != IdentityKind::device && identity.kind != IdentityKind::user_enrolment_device;
  ensure(identity.is_user_channel() == user_kind, "the kind says whether a user speaks");
}

}  // namespace reveille::mdm
