#include "storage/enrolment_life.h"

namespace reveille::storage {
namespace {

bool is_storable(const mdm::EnrolmentId& id) {
  return !id.empty() && id.text().size() <= mdm::EnrolmentId::bytes_max;
}

// Partitions and the search for user channels rest on this form of the ids.
bool is_storable(const mdm::Identity& identity) {
  const std::string& device = identity.device.text();
  if (!is_storable(identity.device) || device.find(':') != std::string::npos) return false;
  if (!identity.is_user_channel()) return true;
  return is_storable(identity.enrolment) && identity.enrolment.text().starts_with(device + ':');
}

bool ended(const Enrolment& enrolment) { return enrolment.state == EnrolmentState::ended; }

std::unexpected<Error> has_ended(const Enrolment& enrolment) {
  const char* reason = enrolment.end_reason ? name_of(*enrolment.end_reason) : "unknown";
  return failure(ErrorCode::conflict, "enrolment " + enrolment.identity.enrolment.text() +
                                          " has ended (" + reason + ")");
}

Enrolment begin_user_life(const mdm::TokenUpdate& message, std::uint32_t generation, Time now) {
  Enrolment user;
  user.identity = message.identity;
  user.generation = generation;
  user.topic = message.topic;
  user.authenticated_at = now;
  return user;
}

// Which life the token belongs to, before the token is written into it.
Result<Enrolment> life_of_token(const std::optional<Enrolment>& stored,
                                const mdm::TokenUpdate& message, Time now) {
  const bool is_user = message.identity.is_user_channel();
  if (!stored) {
    if (!is_user) {
      return failure(ErrorCode::not_found, "no enrolment " + message.identity.enrolment.text());
    }
    return begin_user_life(message, 1, now);
  }
  if (!ended(*stored) || stored->end_reason == EndReason::unreachable) return *stored;
  const bool may_begin_again = is_user && (stored->end_reason == EndReason::superseded ||
                                           stored->end_reason == EndReason::checked_out);
  if (!may_begin_again) return has_ended(*stored);
  return begin_user_life(message, stored->generation + 1, now);
}

}  // namespace

Result<Enrolment> begin_life(const mdm::Authenticate& message, const Sha256& certificate,
                             std::uint32_t generation, Time now) {
  if (message.identity.is_user_channel()) {
    return failure(ErrorCode::malformed, "Authenticate of a user channel");
  }
  if (!is_storable(message.identity)) {
    return failure(ErrorCode::malformed, "the enrolment's id cannot be stored");
  }
  Enrolment enrolment;
  enrolment.identity = message.identity;
  enrolment.generation = generation;
  enrolment.topic = message.topic;
  enrolment.certificate = certificate;
  enrolment.serial_number = message.serial_number.value_or("");
  enrolment.model = message.model.value_or("");
  enrolment.model_name = message.model_name.value_or("");
  enrolment.product_name = message.product_name.value_or("");
  enrolment.device_name = message.device_name.value_or("");
  enrolment.os_version = message.os_version.value_or("");
  enrolment.build_version = message.build_version.value_or("");
  enrolment.imei = message.imei.value_or("");
  enrolment.meid = message.meid.value_or("");
  enrolment.authenticated_at = now;
  return enrolment;
}

Result<Enrolment> after_token_update(const std::optional<Enrolment>& stored,
                                     const std::optional<Enrolment>& device,
                                     const mdm::TokenUpdate& message, Time now) {
  if (!is_storable(message.identity)) {
    return failure(ErrorCode::malformed, "the enrolment's id cannot be stored");
  }
  if (message.identity.is_user_channel()) {
    if (!device) {
      return failure(ErrorCode::not_found, "no enrolment " + message.identity.device.text());
    }
    // Also of a device that APNs had given up: until its own TokenUpdate every connect would be
    // refused, and the user woken for nothing.
    if (ended(*device)) return has_ended(*device);
  }
  Result<Enrolment> next = life_of_token(stored, message, now);
  if (!next) return next;

  const std::string& topic = device ? device->topic : next->topic;
  if (message.topic != topic) {
    return failure(ErrorCode::conflict,
                   "TokenUpdate has the topic " + message.topic + ", the enrolment has " + topic);
  }
  next->identity = message.identity;
  next->state = EnrolmentState::enrolled;
  next->end_reason.reset();
  next->ended_at = {};
  next->awaiting_configuration = message.awaiting_configuration.value_or(false);
  next->has_push_token = true;
  next->push_parked = false;
  ++next->token_update_tally;
  next->token_updated_at = now;
  return next;
}

void end_life(Enrolment& enrolment, EndReason reason, Time now) {
  enrolment.state = EnrolmentState::ended;
  enrolment.end_reason = reason;
  enrolment.ended_at = now;
  enrolment.has_push_token = false;
  enrolment.push_parked = false;
}

}  // namespace reveille::storage
