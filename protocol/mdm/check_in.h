#pragma once

#include <optional>
#include <string>
#include <variant>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/mdm/enrolment_id.h"
#include "protocol/plist/value.h"

// Check-in messages: what a device PUTs with application/x-apple-aspen-mdm-checkin.
// Keys and presence: Apple's device-management schema, mdm/checkin/*.yaml.
namespace reveille::mdm {

// The bytes that name a device to APNs, of any length (5 to 37 bytes are seen).
struct PushToken {
  Bytes bytes;
  friend bool operator==(const PushToken&, const PushToken&) = default;
};

// The string that a push carries so that the device believes it.
struct PushMagic {
  std::string text;
  friend bool operator==(const PushMagic&, const PushMagic&) = default;
};

// What a user channel proves its login with, after UserAuthenticate gave it one. A secret.
struct AuthToken {
  std::string text;
  friend bool operator==(const AuthToken&, const AuthToken&) = default;
};

// The first message of an enrolment, while the profile installs: not yet enrolled.
struct Authenticate {
  Identity identity;
  std::string topic;
  // What the device says of itself; absent where its kind of enrolment or system keeps it private.
  std::optional<std::string> serial_number;
  std::optional<std::string> model;
  std::optional<std::string> model_name;
  std::optional<std::string> product_name;
  std::optional<std::string> device_name;
  std::optional<std::string> os_version;
  std::optional<std::string> build_version;
  std::optional<std::string> imei;  // digits only: devices send it with spaces
  std::optional<std::string> meid;
};

// Sent at enrolment and whenever the push token changes; the last one received wins.
struct TokenUpdate {
  Identity identity;
  std::string topic;
  PushToken push_token;
  PushMagic push_magic;
  std::optional<Bytes> unlock_token;  // absent does not revoke a stored one
  std::optional<bool> awaiting_configuration;
  std::optional<bool> not_on_console;
  std::optional<AuthToken> auth_token;
};

struct CheckOut {
  Identity identity;
  std::optional<std::string> topic;
  std::optional<AuthToken> auth_token;
};

// macOS network users; the second message of a login has the digest.
struct UserAuthenticate {
  Identity identity;
  std::optional<std::string> digest_response;
};

struct SetBootstrapToken {
  Identity identity;
  std::optional<Bytes> bootstrap_token;  // absent or empty deletes the stored one
  std::optional<bool> awaiting_configuration;
};

struct GetBootstrapToken {
  Identity identity;
};

struct GetToken {
  Identity identity;
  std::string token_service_type;
  plist::Dictionary token_parameters;
  std::optional<AuthToken> auth_token;
};

struct DeclarativeManagement {
  Identity identity;
  std::string endpoint;
  std::optional<Bytes> data;
  std::optional<AuthToken> auth_token;
};

// A device that erased itself to be used again asks what to begin with (iOS, visionOS 26).
struct ReturnToService {
  Identity identity;
};

using CheckIn =
    std::variant<Authenticate, TokenUpdate, CheckOut, UserAuthenticate, SetBootstrapToken,
                 GetBootstrapToken, GetToken, DeclarativeManagement, ReturnToService>;

// Reads the property list and its MessageType. Unknown keys are ignored.
// Errors: malformed: not a property list, a key missing or of the wrong type, an unknown
// MessageType ("unknown MessageType" begins the detail).
Result<CheckIn> parse_check_in(BytesView body);

const Identity& identity_of(const CheckIn& check_in);
const char* name_of(const CheckIn& check_in);  // "Authenticate", ...
// nullptr when there is none, or the message has no such key.
const AuthToken* auth_token_of(const CheckIn& check_in);

}  // namespace reveille::mdm
