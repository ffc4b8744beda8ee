#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/mdm/check_in.h"

// A wake on the wire. Apple: "Sending notification requests to APNs"; the payload: "Sending MDM
// push notifications".
namespace reveille::apns {

struct Notification {
  mdm::PushToken push_token;
  mdm::PushMagic push_magic;
  std::chrono::sys_seconds expiration;
};

// "/3/device/" and the token in lower-case hexadecimal.
std::string path_of(const mdm::PushToken& token);
void append_path(std::string& output, const mdm::PushToken& token);

// {"mdm":"<PushMagic>"}, the magic escaped as JSON; nothing else is allowed in it.
Bytes payload_of(const mdm::PushMagic& magic);
void append_payload(Bytes& output, const mdm::PushMagic& magic);

}  // namespace reveille::apns
