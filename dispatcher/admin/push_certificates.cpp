#include <algorithm>
#include <utility>

#include "dispatcher/admin/json_writer.h"
#include "dispatcher/admin/replies.h"
#include "dispatcher/admin/resources.h"
#include "dispatcher/admin/time_text.h"
#include "dispatcher/runtime/run_in_storage.h"

namespace reveille::admin {

namespace {

using Records = std::vector<storage::PushCertificateRecord>;

http::Response nanomdm_certificate(const std::string& topic, storage::Time not_after) {
  JsonWriter json;
  json.begin_object();
  json.member("not_after", time_text(not_after));
  json.member("topic", topic);
  json.end_object();
  return json_reply(200, json.finish());
}

boost::asio::awaitable<Result<Records>> read_records(const Parts& parts) {
  std::move_only_function<Result<Records>(storage::Transaction&)> work =
      [](storage::Transaction& transaction) { return transaction.push_certificates(); };
  co_return co_await run_in_storage<Records>(parts.storage, storage::Partition{}, std::move(work));
}

}  // namespace

Reply store_push_certificate(const Parts& parts, const Exchange& exchange) {
  Result<pki::PushCertificate> certificate = pki::parse_push_certificate(exchange.request.body);
  if (!certificate) co_return error_reply(400, certificate.error().detail);
  const storage::PushCertificateRecord record{
      .topic = certificate->topic,
      .certificate_pem = certificate->certificate.pem() + certificate->key.to_pem(),
      .not_after = certificate->certificate.not_after(),
      .stored_at = parts.clock.wall_now()};
  std::move_only_function<Result<bool>(storage::Transaction&)> work =
      [record](storage::Transaction& transaction) -> Result<bool> {
    Result<void> put = transaction.put_push_certificate(record);
    if (!put) return std::unexpected(std::move(put.error()));
    return true;
  };
  const Result<bool> stored =
      co_await run_in_storage<bool>(parts.storage, storage::Partition{}, std::move(work));
  if (!stored) co_return error_reply(500, stored.error().detail);

  parts.log.info("push certificate stored",
                 {{"topic", record.topic}, {"not_after", time_text(record.not_after)}});
  const std::string topic_before = parts.apns_statistics().topic;
  if (!topic_before.empty() && topic_before != record.topic) {
    parts.log.warning("enrolments of the topic before are not woken any more",
                      {{"topic_before", topic_before}, {"topic", record.topic}});
  }
  parts.use_push_certificate(*std::move(certificate));
  co_return nanomdm_certificate(record.topic, record.not_after);
}

Reply show_push_certificate(const Parts& parts, const Exchange& exchange) {
  const auto topic = http::query_parameter(exchange.request.query(), "topic");
  if (!topic || topic->empty()) {
    co_return error_reply(400, "missing required query parameter: topic");
  }
  const Result<Records> records = co_await read_records(parts);
  if (!records) co_return error_reply(500, records.error().detail);
  const auto record = std::ranges::find(*records, *topic, &storage::PushCertificateRecord::topic);
  // NanoMDM's status for an unknown topic; its clients may look for it.
  if (record == records->end()) co_return error_reply(500, "no push certificate for this topic");
  co_return nanomdm_certificate(record->topic, record->not_after);
}

Reply list_push_certificates(const Parts& parts, const Exchange&) {
  const Result<Records> records = co_await read_records(parts);
  if (!records) co_return error_reply(records.error());
  const storage::Time now = parts.clock.wall_now();
  const std::string topic_in_use = parts.apns_statistics().topic;
  JsonWriter json;
  json.begin_object();
  json.key("push_certificates");
  json.begin_array();
  for (const storage::PushCertificateRecord& record : *records) {
    json.begin_object();
    json.member("topic", record.topic);
    json.member("not_after", time_text(record.not_after));
    json.member("days_left", std::chrono::floor<std::chrono::days>(record.not_after - now).count());
    json.member("stored_at", time_text(record.stored_at));
    json.member("in_use", record.topic == topic_in_use);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  co_return json_reply(200, json.finish());
}

}  // namespace reveille::admin
