#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocol/apns/reason.h"
#include "protocol/base/bytes.h"
#include "tools/simulators/apns/apns_id.h"

namespace reveille::simulators::apns {

// The head of a notification as it lies in the connection's buffers, for the time of one event.
struct PushHead {
  std::optional<BytesView> method, scheme, authority, path, topic, push_type, priority, expiration,
      id, collapse_id, authorization;
  std::optional<std::uint64_t> content_length;
  BytesView repeated;  // the name of an apns- header that came twice
};

// One notification on its stream, from its head until its stream is closed. Kept and used again:
// its strings keep their memory.
struct Push {
  std::string token;  // lower-case hexadecimal, once the head has passed
  std::string id;     // apns-id, once it has passed; empty without
  ApnsId id_number;
  std::uint64_t token_mark = 0;  // of the token; 0 while it has not passed, or is settled
  Bytes body;
  bool body_too_large = false;  // what came above body_bytes_max is dropped

  // Filled in by the rules. none: 200.
  reveille::apns::Reason reason = reveille::apns::Reason::none;
  std::optional<std::int64_t> unregistered_at_milliseconds;  // with 410
  BytesView broken_rule;  // a literal; a provider that follows Apple's pages never breaks one

  void clear() {
    token.clear();
    id.clear();
    id_number = {};
    token_mark = 0;
    body.clear();
    body_too_large = false;
    reason = reveille::apns::Reason::none;
    unregistered_at_milliseconds.reset();
    broken_rule = {};
  }
};

}  // namespace reveille::simulators::apns
