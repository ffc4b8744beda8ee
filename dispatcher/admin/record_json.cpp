#include "dispatcher/admin/record_json.h"

#include "dispatcher/admin/time_text.h"

namespace reveille::admin {

namespace {

void time_member(JsonWriter& json, std::string_view name, storage::Time time) {
  if (time != storage::Time{}) json.member(name, time_text(time));
}

}  // namespace

void write_members(JsonWriter& json, const storage::Enrolment& enrolment) {
  const mdm::Identity& identity = enrolment.identity;
  json.member("id", identity.enrolment.text());
  json.member("kind", mdm::name_of(identity.kind));
  if (identity.is_user_channel()) json.member("device", identity.device.text());
  json.optional_member("user_short_name", identity.user_short_name.value_or(""));
  json.optional_member("user_long_name", identity.user_long_name.value_or(""));
  json.member("state", storage::name_of(enrolment.state));
  if (enrolment.end_reason) json.member("end_reason", storage::name_of(*enrolment.end_reason));
  json.member("generation", enrolment.generation);
  json.member("topic", enrolment.topic);
  json.optional_member("serial_number", enrolment.serial_number);
  json.optional_member("model", enrolment.model);
  json.optional_member("model_name", enrolment.model_name);
  json.optional_member("product_name", enrolment.product_name);
  json.optional_member("device_name", enrolment.device_name);
  json.optional_member("os_version", enrolment.os_version);
  json.optional_member("build_version", enrolment.build_version);
  json.optional_member("imei", enrolment.imei);
  json.optional_member("meid", enrolment.meid);
  if (!identity.is_user_channel()) {
    json.member("certificate_sha256", to_hex(enrolment.certificate.view()));
  }
  json.member("awaiting_configuration", enrolment.awaiting_configuration);
  json.member("has_push_token", enrolment.has_push_token);
  json.member("push_parked", enrolment.push_parked);
  json.member("token_update_tally", enrolment.token_update_tally);
  time_member(json, "authenticated_at", enrolment.authenticated_at);
  time_member(json, "token_updated_at", enrolment.token_updated_at);
  time_member(json, "ended_at", enrolment.ended_at);
}

void write_members(JsonWriter& json, const storage::Delivery& delivery) {
  json.member("command_uuid", delivery.command.text);
  json.member("request_type", delivery.request_type);
  json.member("state", storage::name_of(delivery.state));
  json.optional_member("status", delivery.final_status);
  json.member("times_sent", delivery.times_sent);
  json.member("times_not_now", delivery.times_not_now);
  time_member(json, "queued_at", delivery.queued_at);
  time_member(json, "sent_at", delivery.sent_at);
  time_member(json, "ended_at", delivery.ended_at);
  if (delivery.batch) json.member("batch_id", delivery.batch->text);
  time_member(json, "expires_at", delivery.expires_at);
}

void write_members(JsonWriter& json, const storage::WakeState& wake) {
  if (wake.due_at) json.member("due_at", time_text(*wake.due_at));
  json.member("attempts", wake.attempts);
  time_member(json, "first_pushed_at", wake.first_pushed_at);
  time_member(json, "last_pushed_at", wake.last_pushed_at);
  json.optional_member("last_apns_reason", wake.last_apns_reason);
  time_member(json, "last_seen_at", wake.last_seen_at);
}

void write_members(JsonWriter& json, const storage::Batch& batch) {
  json.member("batch_id", batch.id.text);
  json.member("command_uuid", batch.command.text);
  json.member("audience", storage::name_of(batch.audience));
  json.member("rate_per_second", batch.rate_per_second);
  json.member("priority", storage::name_of(batch.priority));
  json.member("state", storage::name_of(batch.state));
  time_member(json, "created_at", batch.created_at);
  time_member(json, "changed_at", batch.changed_at);
  time_member(json, "expires_at", batch.expires_at);
}

// "done": nothing is left to do or to wait for.
void write_members(JsonWriter& json, const storage::BatchCounts& counts) {
  json.member("audience", counts.audience);
  json.member("unexpanded", counts.unexpanded);
  json.key("skipped");
  json.begin_object();
  json.member("not_found", counts.not_found);
  json.member("not_enrolled", counts.not_enrolled);
  json.member("already_queued", counts.already_queued);
  json.member("queue_full", counts.queue_full);
  json.end_object();
  json.member("live", counts.live);
  json.member("acknowledged", counts.acknowledged);
  json.member("failed", counts.failed);
  json.member("cancelled", counts.cancelled);
  json.member("expired", counts.expired);
  json.member("voided", counts.voided);
  json.member("expanding", counts.partitions_in(storage::BatchPhase::expanding) > 0);
  json.member("withdrawing", counts.partitions_in(storage::BatchPhase::withdrawing) > 0);
  json.member("done", counts.is_done());
}

}  // namespace reveille::admin
