#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "protocol/apns/notification.h"
#include "protocol/base/bytes.h"
#include "protocol/http/http2_client_session.h"

namespace reveille::apns {

// The header fields of one connection's pushes (protocol.md 6.2). What never changes is prepared
// once and enters HPACK's table once; the path never does. apns-id and apns-expiration do the first
// time, so that their names are one byte afterwards, and never again, as Apple asks: values that
// come and go cannot drive the constants out. An expiration that is the first one's is its index.
//
// apns-id: a UUID of version 4's form. All but its last 48 bits come from the random source, once a
// client; those count its pushes. It needs to be unique, not secret: a random one for each push
// would cost more than the rest of its request. A push that is sent again keeps it.
class PushRequest {
 public:
  // `apns_id_prefix`: a UUID's first 24 characters, as far as its last hyphen.
  PushRequest(std::string authority, std::string topic, std::string apns_id_prefix);
  PushRequest(const PushRequest&) = delete;
  PushRequest& operator=(const PushRequest&) = delete;

  // Fields and payload of a push; they stay as they are until the next call.
  void prepare(const Notification& notification, std::uint64_t number);
  std::span<const http::RequestHeader> headers() const { return headers_; }
  BytesView payload() const { return payload_; }

 private:
  enum Field { method, scheme, authority, path, topic, push_type, expiration, id, fields };

  void write_expiration(std::chrono::sys_seconds expires_at);

  const std::string authority_;
  const std::string topic_;
  std::string path_;
  std::string id_;
  std::array<char, 24> expiration_{};
  Bytes payload_;
  bool first_ = true;
  std::chrono::sys_seconds first_expiration_{};
  std::chrono::sys_seconds expires_at_{};  // of the push before
  std::array<http::RequestHeader, fields> headers_;
};

}  // namespace reveille::apns
