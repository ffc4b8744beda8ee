#pragma once

#include <array>
#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/error.h"
#include "protocol/plist/fields.h"

namespace reveille::mdm {

// Names one enrolment for ever: the key that its records are stored under, as sent by the device,
// compared byte for byte. A device channel is "UDID" or "EnrollmentID"; a user channel is its
// device's id, ':' and the user's id (the same text as NanoMDM's ids).
class EnrolmentId {
 public:
  static constexpr std::size_t bytes_max = 512;

  EnrolmentId() = default;
  explicit EnrolmentId(std::string text) : text_(std::move(text)) {}

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

  friend auto operator<=>(const EnrolmentId&, const EnrolmentId&) = default;

 private:
  std::string text_;
};

// An id that an operator typed: not empty, at most bytes_max, no control characters.
// Errors: malformed.
Result<EnrolmentId> parse_enrolment_id(std::string_view text);

// The five rows of protocol.md section 1. The shared prefix says what the device channel is.
enum class IdentityKind {
  device,                 // UDID
  user,                   // UDID + UserID
  shared_ipad_user,       // UDID + UserID all F: the UserShortName is the user
  user_enrolment_device,  // EnrollmentID
  user_enrolment_user,    // EnrollmentID + EnrollmentUserID
};

// "Device", "User", "Shared iPad", "User Enrollment (Device)", "User Enrollment": the type names of
// NanoMDM's webhook and headers (nanomdm-api.md section 7).
const char* name_of(IdentityKind kind);

// By EnrollmentID: a User Enrolment (BYOD), which a user began by signing in.
constexpr bool is_account_driven(IdentityKind kind) {
  return kind == IdentityKind::user_enrolment_device || kind == IdentityKind::user_enrolment_user;
}

// Who sent a message.
struct Identity {
  IdentityKind kind = IdentityKind::device;
  EnrolmentId enrolment;  // the channel that speaks
  EnrolmentId device;     // the device channel; equal to `enrolment` when the device itself speaks
  std::optional<std::string> user_short_name;
  std::optional<std::string> user_long_name;

  bool is_user_channel() const { return enrolment != device; }

  friend bool operator==(const Identity&, const Identity&) = default;
};

// Exactly one of UDID and EnrollmentID is expected; with both, UDID wins (as NanoMDM does).
// Neither, an id with control characters or ':' in a device id, or one above bytes_max fails
// `fields`.
// Source: Apple's schema, identity keys of mdm/checkin/*.yaml; protocol.md section 1.
Identity read_identity(plist::Fields& fields);
// The keys that it looks at.
constexpr std::array<std::string_view, 6> identity_keys = {
    "UDID", "EnrollmentID", "UserID", "EnrollmentUserID", "UserShortName", "UserLongName"};

}  // namespace reveille::mdm

template <>
struct std::hash<reveille::mdm::EnrolmentId> {
  std::size_t operator()(const reveille::mdm::EnrolmentId& id) const noexcept {
    return std::hash<std::string>{}(id.text());
  }
};
