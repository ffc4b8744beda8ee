#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/apns/reason.h"
#include "protocol/base/bytes.h"

namespace reveille::apns {

// An apns-id as it came, kept without an allocation: it has the 36 characters of a UUID; of a
// longer one the rest is dropped.
class ApnsId {
 public:
  ApnsId() = default;
  ApnsId(std::string_view text) : size_(std::min(text.size(), text_.size())) {
    std::copy_n(text.begin(), size_, text_.begin());
  }

  std::string_view text() const { return {text_.data(), size_}; }
  friend bool operator==(const ApnsId& id, std::string_view text) { return id.text() == text; }

 private:
  std::array<char, 36> text_{};
  std::size_t size_ = 0;
};

struct Response {
  int status = 0;
  Reason reason = Reason::none;
  std::string reason_text;  // as it came, also when unknown; at most 256 bytes
  // 410 only; nullopt too when the figure cannot be milliseconds since 1970: the token is then dead
  // whatever came since.
  std::optional<std::chrono::sys_time<std::chrono::milliseconds>> unregistered_at;
  ApnsId apns_id;
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
Response parse_response(int status, std::string_view apns_id, BytesView body);

Verdict judge(const Response& response);

}  // namespace reveille::apns
