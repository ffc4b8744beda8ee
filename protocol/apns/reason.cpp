#include "protocol/apns/reason.h"

#include <iterator>

namespace reveille::apns {
namespace {

struct Entry {
  Reason reason;
  const char* name;
  int status;
};

// Every enumerator but none and unknown; the statuses are those of Apple's table.
constexpr Entry entries[] = {
    {Reason::bad_collapse_id, "BadCollapseId", 400},
    {Reason::bad_device_token, "BadDeviceToken", 400},
    {Reason::bad_expiration_date, "BadExpirationDate", 400},
    {Reason::bad_message_id, "BadMessageId", 400},
    {Reason::bad_priority, "BadPriority", 400},
    {Reason::bad_topic, "BadTopic", 400},
    {Reason::device_token_not_for_topic, "DeviceTokenNotForTopic", 400},
    {Reason::duplicate_headers, "DuplicateHeaders", 400},
    {Reason::idle_timeout, "IdleTimeout", 400},
    {Reason::invalid_push_type, "InvalidPushType", 400},
    {Reason::missing_device_token, "MissingDeviceToken", 400},
    {Reason::missing_topic, "MissingTopic", 400},
    {Reason::payload_empty, "PayloadEmpty", 400},
    {Reason::topic_disallowed, "TopicDisallowed", 400},
    {Reason::bad_certificate, "BadCertificate", 403},
    {Reason::bad_certificate_environment, "BadCertificateEnvironment", 403},
    {Reason::expired_provider_token, "ExpiredProviderToken", 403},
    {Reason::forbidden, "Forbidden", 403},
    {Reason::invalid_provider_token, "InvalidProviderToken", 403},
    {Reason::missing_provider_token, "MissingProviderToken", 403},
    {Reason::unrelated_key_id_in_token, "UnrelatedKeyIdInToken", 403},
    {Reason::bad_path, "BadPath", 404},
    {Reason::method_not_allowed, "MethodNotAllowed", 405},
    {Reason::expired_token, "ExpiredToken", 410},
    {Reason::unregistered, "Unregistered", 410},
    {Reason::payload_too_large, "PayloadTooLarge", 413},
    {Reason::too_many_provider_token_updates, "TooManyProviderTokenUpdates", 429},
    {Reason::too_many_requests, "TooManyRequests", 429},
    {Reason::internal_server_error, "InternalServerError", 500},
    {Reason::service_unavailable, "ServiceUnavailable", 503},
    {Reason::shutdown, "Shutdown", 503},
};
static_assert(std::size(entries) == static_cast<std::size_t>(Reason::unknown) - 1,
              "a row for every reason");

}  // namespace

Reason parse_reason(std::string_view text) {
  if (text.empty()) return Reason::none;
  for (const Entry& entry : entries) {
    if (entry.name == text) return entry.reason;
  }
  return Reason::unknown;
}

const char* name_of(Reason reason) {
  for (const Entry& entry : entries) {
    if (entry.reason == reason) return entry.name;
  }
  return reason == Reason::none ? "" : "unknown";
}

int status_of(Reason reason) {
  for (const Entry& entry : entries) {
    if (entry.reason == reason) return entry.status;
  }
  return reason == Reason::none ? 200 : 400;
}

}  // namespace reveille::apns
