#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

namespace reveille::simulators::device {

// The rows of protocol.md section 1, by what a scenario file calls them.
enum class Kind {
  phones,
  macs,
  shared_ipads,
  account_driven_phones,  // ADDE: UDID, and a bearer token
  account_driven_macs,
  user_enrolled_phones,  // BYOD: EnrollmentID, and a bearer token
  user_enrolled_macs,
};
inline constexpr std::size_t kinds = 7;

struct KindTraits {
  const char* name;
  bool is_mac;
  bool is_shared;
  bool by_enrolment_id;    // UDID otherwise
  bool is_account_driven;  // with bearer tokens; a backup never brings it back
};

inline constexpr std::array<KindTraits, kinds> kind_traits = {{
    {"phones", false, false, false, false},
    {"macs", true, false, false, false},
    {"shared_ipads", false, true, false, false},
    {"account_driven_phones", false, false, false, true},
    {"account_driven_macs", true, false, false, true},
    {"user_enrolled_phones", false, false, true, true},
    {"user_enrolled_macs", true, false, true, true},
}};

constexpr const KindTraits& traits_of(Kind kind) {
  return kind_traits[static_cast<std::size_t>(kind)];
}

struct User {
  std::string id;  // UserID or EnrollmentUserID; of a Shared iPad all F
  std::string short_name;
  bool is_network = false;  // begins each login with UserAuthenticate
};

// Who speaks: a device, or a user of one.
struct Speaker {
  Kind kind = Kind::phones;
  std::string device;             // UDID or EnrollmentID
  std::optional<User> user = {};  // nullopt: the device channel

  bool is_user_channel() const { return user.has_value(); }
  // What the server calls this enrolment (mdm::EnrolmentId).
  std::string enrolment() const {
    if (!user) return device;
    return device + ":" + (traits_of(kind).is_shared ? user->short_name : user->id);
  }
  // protocol.md 7.6, step 9: a Mac's device channel has none.
  bool has_bearer_token() const {
    const KindTraits& traits = traits_of(kind);
    return traits.is_account_driven && (!traits.is_mac || is_user_channel());
  }
};

}  // namespace reveille::simulators::device
