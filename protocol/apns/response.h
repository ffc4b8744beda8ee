#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "protocol/apns/reason.h"
#include "protocol/base/bytes.h"

namespace reveille::apns {

struct Response {
  int status = 0;
  Reason reason = Reason::none;
  std::string reason_text;  // as it came, also when unknown; at most 256 bytes
  // 410 only; nullopt too when the figure cannot be milliseconds since 1970: the token is then dead
  // whatever came since.
  std::optional<std::chrono::sys_time<std::chrono::milliseconds>> unregistered_at;
  std::string apns_id;
};

// What a dispatcher does about a response.
//
//   accepted       200
//   token_dead     410: stop pushing, unless a TokenUpdate came after `unregistered_at`
//   token_unusable BadDeviceToken, DeviceTokenNotForTopic: park until the next TokenUpdate
//   token_busy     429 TooManyRequests: back off that token alone
//   topic_refused  403, or a reason that names the topic: stop the topic, raise the alarm
//   retry          5xx, IdleTimeout: again, later, with jitter
//   our_defect     any other 4xx: do not retry, log it
enum class Verdict {
  accepted,
  token_dead,
  token_unusable,
  token_busy,
  topic_refused,
  retry,
  our_defect,
};
const char* name_of(Verdict verdict);

// `body` may be empty, not JSON, or hold a timestamp that is a string: the status then decides.
Response parse_response(int status, std::string apns_id, BytesView body);

Verdict judge(const Response& response);

}  // namespace reveille::apns
