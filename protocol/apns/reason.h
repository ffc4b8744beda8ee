#pragma once

#include <string_view>

namespace reveille::apns {

// Apple: "Handling notification responses from APNs", one enumerator a reason.
enum class Reason {
  none,  // 200, or no reason in the body
  bad_collapse_id,
  bad_device_token,
  bad_expiration_date,
  bad_message_id,
  bad_priority,
  bad_topic,
  device_token_not_for_topic,
  duplicate_headers,
  idle_timeout,
  invalid_push_type,
  missing_device_token,
  missing_topic,
  payload_empty,
  topic_disallowed,
  bad_certificate,
  bad_certificate_environment,
  expired_provider_token,
  forbidden,
  invalid_provider_token,
  missing_provider_token,
  unrelated_key_id_in_token,
  bad_path,
  method_not_allowed,
  expired_token,
  unregistered,
  payload_too_large,
  too_many_provider_token_updates,
  too_many_requests,
  internal_server_error,
  service_unavailable,
  shutdown,
  unknown,  // a reason that this list lacks: the class of its status decides
};

Reason parse_reason(std::string_view text);  // Apple's spelling, case and all; none when empty
const char* name_of(Reason reason);  // "BadDeviceToken", ...; "" for none, "unknown" for unknown

// The status that goes with a reason, for the simulator; 200 for none, 400 for unknown.
int status_of(Reason reason);

}  // namespace reveille::apns
