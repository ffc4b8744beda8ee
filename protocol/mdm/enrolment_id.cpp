#include "protocol/mdm/enrolment_id.h"

#include <utility>

#include "protocol/mdm/plain_text.h"

namespace reveille::mdm {
namespace {

// UserID of every user of a Shared iPad: the UserShortName tells them apart.
constexpr std::string_view shared_ipad_user_id = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF";

struct Ids {
  IdentityKind kind = IdentityKind::device;
  std::string device;
  std::string user;  // empty: the device channel
};

Ids read_user_enrolment(plist::Fields& fields, std::string enrolment_id) {
  std::optional<std::string> user = fields.optional_string("EnrollmentUserID");
  if (!user) return {IdentityKind::user_enrolment_device, std::move(enrolment_id), {}};
  return {IdentityKind::user_enrolment_user, std::move(enrolment_id), std::move(*user)};
}

Ids read_device_enrolment(plist::Fields& fields, std::string udid) {
  std::optional<std::string> user = fields.optional_string("UserID");
  if (!user) return {IdentityKind::device, std::move(udid), {}};
  if (*user != shared_ipad_user_id) {
    return {IdentityKind::user, std::move(udid), std::move(*user)};
  }
  return {IdentityKind::shared_ipad_user, std::move(udid), fields.required_string("UserShortName")};
}

}  // namespace

Result<EnrolmentId> parse_enrolment_id(std::string_view text) {
  if (text.empty()) return failure(ErrorCode::malformed, "the enrolment id is empty");
  if (text.size() > EnrolmentId::bytes_max) {
    return failure(ErrorCode::malformed, "the enrolment id is too long");
  }
  if (has_control_characters(text)) {
    return failure(ErrorCode::malformed, "the enrolment id has control characters");
  }
  return EnrolmentId(std::string(text));
}

const char* name_of(IdentityKind kind) {
  switch (kind) {
    case IdentityKind::device:
      return "Device";
    case IdentityKind::user:
      return "User";
    case IdentityKind::shared_ipad_user:
      return "Shared iPad";
    case IdentityKind::user_enrolment_device:
      return "User Enrollment (Device)";
    case IdentityKind::user_enrolment_user:
      return "User Enrollment";
  }
  return "unknown";
}

Identity read_identity(plist::Fields& fields) {
  std::optional<std::string> udid = fields.optional_string("UDID");
  std::optional<std::string> enrolment_id = fields.optional_string("EnrollmentID");
  if (!udid && !enrolment_id) fields.fail("UDID and EnrollmentID are missing");
  if (fields.failed()) return {};

  Ids ids = udid ? read_device_enrolment(fields, std::move(*udid))
                 : read_user_enrolment(fields, std::move(*enrolment_id));
  // A ':' in it could make one device's user channel look like another device.
  if (ids.device.find(':') != std::string::npos) fields.fail("':' in the device's id");
  std::string channel = ids.user.empty() ? ids.device : ids.device + ':' + ids.user;
  if (const auto checked = parse_enrolment_id(channel); !checked) {
    fields.fail(checked.error().detail);
  }
  Identity identity{
      .kind = ids.kind,
      .enrolment = EnrolmentId(std::move(channel)),
      .device = EnrolmentId(std::move(ids.device)),
      .user_short_name = fields.optional_string("UserShortName"),
      .user_long_name = fields.optional_string("UserLongName"),
  };
  return fields.failed() ? Identity{} : identity;
}

}  // namespace reveille::mdm
