#include <utility>

#include "dispatcher/admin/json_writer.h"
#include "dispatcher/admin/replies.h"
#include "dispatcher/admin/resources.h"
#include "dispatcher/admin/time_text.h"
#include "dispatcher/runtime/run_in_storage.h"

namespace reveille::admin {

namespace {

using Records = std::vector<storage::PushCertificateRecord>;

void write_counts(JsonWriter& json, const storage::Counts& counts) {
  json.key("counts");
  json.begin_object();
  json.member("enrolments_pending", counts.enrolments_pending);
  json.member("enrolments_enrolled", counts.enrolments_enrolled);
  json.member("enrolments_ended", counts.enrolments_ended);
  json.member("commands", counts.commands);
  json.member("deliveries_live", counts.deliveries_live);
  json.member("deliveries_acknowledged", counts.deliveries_acknowledged);
  json.member("deliveries_failed", counts.deliveries_failed);
  json.member("deliveries_cancelled", counts.deliveries_cancelled);
  json.member("deliveries_expired", counts.deliveries_expired);
  json.member("deliveries_voided", counts.deliveries_voided);
  json.end_object();
}

void write_apns(JsonWriter& json, const apns::Client::Statistics& apns) {
  json.key("apns");
  json.begin_object();
  json.member("topic", apns.topic);
  json.member("submitted", apns.submitted);
  json.member("accepted", apns.accepted);
  json.member("rejected", apns.rejected);
  json.member("failed", apns.failed);
  json.member("resubmitted_refused", apns.resubmitted_refused);
  json.member("resubmitted_goaway", apns.resubmitted_goaway);
  json.member("resubmitted_reset", apns.resubmitted_reset);
  json.member("resubmitted_lost", apns.resubmitted_lost);
  json.member("resubmitted_unanswered", apns.resubmitted_unanswered);
  json.member("timed_out", apns.timed_out);
  json.member("retired", apns.retired);
  json.member("dials", apns.dials);
  json.member("connects", apns.connects);
  json.member("connect_failures", apns.connect_failures);
  json.member("goaways", apns.goaways);
  json.member("pings", apns.pings);
  json.member("connections", apns.connections);
  json.member("in_flight", apns.in_flight);
  json.member("waiting", apns.waiting);
  json.member("waiting_longest_milliseconds",
              std::chrono::floor<std::chrono::milliseconds>(apns.waiting_longest).count());
  json.member("streams_allowed", apns.streams_allowed);
  json.member("certificate_refused", apns.certificate_refused);
  json.member("last_connect_error", apns.last_connect_error);
  json.end_object();
}

// In the order in which a wake passes them.
void write_stages(JsonWriter& json, const wake::WakeLanes::Statistics& wake) {
  const auto write = [&json](const char* name, const wake::StageDepth& stage) {
    json.key(name);
    json.begin_object();
    json.member("depth", stage.depth);
    json.member("oldest_milliseconds", stage.oldest.count());
    json.end_object();
  };
  json.key("stages");
  json.begin_object();
  write("due", wake.due);
  write("coalesce", wake.coalescing);
  write("pace", wake.pacing);
  write("push", wake.pushing);
  write("outcome", wake.recording);
  json.end_object();
}

void write_wake(JsonWriter& json, const wake::WakeLanes::Statistics& wake) {
  json.key("wake");
  json.begin_object();
  json.member("claimed", wake.claimed);
  json.member("coalesced", wake.coalesced);
  json.member("pushed", wake.pushed);
  json.member("accepted", wake.accepted);
  json.member("rejected", wake.rejected);
  json.member("unanswered", wake.unanswered);
  json.member("in_flight", wake.in_flight);
  json.member("parked", wake.parked);
  json.member("unreachable", wake.unreachable);
  json.member("paced", wake.paced);
  json.member("topic_stopped", wake.topic_stopped);
  write_stages(json, wake);
  json.end_object();
}

void write_batches(JsonWriter& json, const batch::Statistics& batches) {
  json.key("batches");
  json.begin_object();
  json.member("unfinished", batches.unfinished);
  json.member("expanding", batches.expanding);
  json.member("withdrawing", batches.withdrawing);
  json.member("paused", batches.paused);
  json.member("awaiting_expiry", batches.awaiting_expiry);
  json.member("oldest_milliseconds", batches.oldest.count());
  json.member("chunks_in_flight", batches.chunks_in_flight);
  json.member("chunks", batches.chunks);
  json.member("walked", batches.walked);
  json.member("queued", batches.queued);
  json.member("withdrawn", batches.withdrawn);
  json.member("yields", batches.yields);
  json.member("failures", batches.failures);
  json.end_object();
}

void write_storage(JsonWriter& json, const StorageLanes::Statistics& storage) {
  json.key("storage");
  json.begin_object();
  json.member("jobs", storage.jobs);
  json.member("commits", storage.commits);
  json.member("failures", storage.failures);
  json.member("waiting", storage.waiting);
  json.member("refused", storage.refused);
  json.end_object();
}

void write_device(JsonWriter& json, const http::Listener::Statistics& device) {
  json.key("device");
  json.begin_object();
  json.member("connections", device.connections);
  json.member("accepted", device.accepted);
  json.member("refused", device.refused);
  json.member("handshakes_failed", device.handshakes_failed);
  json.member("requests", device.requests);
  json.member("requests_malformed", device.requests_malformed);
  json.end_object();
}

void write_named(JsonWriter& json, const char* key, const std::vector<NamedCount>& counts) {
  json.key(key);
  json.begin_object();
  for (const NamedCount& count : counts) json.member(count.name, count.count);
  json.end_object();
}

void write_push_certificates(JsonWriter& json, const Records& records, storage::Time now) {
  json.key("push_certificates");
  json.begin_array();
  for (const storage::PushCertificateRecord& record : records) {
    json.begin_object();
    json.member("topic", record.topic);
    json.member("not_after", time_text(record.not_after));
    json.member("days_left", std::chrono::floor<std::chrono::days>(record.not_after - now).count());
    json.end_object();
  }
  json.end_array();
}

}  // namespace

// Exactly NanoMDM's: one line, no newline at its end.
Reply show_version(const Parts& parts, const Exchange&) {
  co_return json_reply(200, "{\"version\":\"" + parts.options.version + "\"}");
}

Reply show_status(const Parts& parts, const Exchange&) {
  std::move_only_function<Result<Records>(storage::Transaction&)> work =
      [](storage::Transaction& transaction) { return transaction.push_certificates(); };
  const Result<Records> records =
      co_await run_in_storage<Records>(parts.storage, storage::Partition{}, std::move(work));
  if (!records) co_return error_reply(records.error());

  const auto uptime = parts.clock.steady_now() - parts.started_at;
  JsonWriter json;
  json.begin_object();
  json.member("version", parts.options.version);
  json.member("uptime_seconds", std::chrono::duration_cast<std::chrono::seconds>(uptime).count());
  write_counts(json, parts.store.counts());
  write_push_certificates(json, *records, parts.clock.wall_now());
  write_apns(json, parts.apns_statistics());
  write_wake(json, parts.wake_statistics());
  write_batches(json, parts.batch_statistics());
  write_storage(json, parts.storage.statistics());
  write_device(json, parts.device_statistics());
  write_named(json, "exchanges", parts.exchange_counts());
  write_named(json, "refusals", parts.refusal_counts());
  json.end_object();
  co_return json_reply(200, json.finish());
}

}  // namespace reveille::admin
