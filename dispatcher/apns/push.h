#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "dispatcher/apns/urgency.h"
#include "protocol/apns/notification.h"
#include "protocol/apns/response.h"

namespace reveille::apns {

struct Push {
  std::uint64_t ticket = 0;  // the caller's name for it; comes back in the outcome
  Urgency urgency = Urgency::bulk;  // urgent ones overtake those that wait for a stream
  Notification notification;
  std::string topic;  // sent only with this topic's certificate
};

struct PushOutcome {
  std::uint64_t ticket = 0;
  std::optional<Response> response;  // nullopt: none came, and `failure` says why
  std::string failure;               // "timed out", "no connection to APNs", "no push certificate", ...
  bool is_of_other_topic = false;    // than the certificate's: it was not sent
  std::uint32_t attempts = 0;        // times it was sent and not refused unprocessed
  std::chrono::microseconds latency{};  // from submit()
};

}  // namespace reveille::apns
