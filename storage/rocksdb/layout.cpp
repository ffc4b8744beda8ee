#include "storage/rocksdb/layout.h"

#include <algorithm>

namespace reveille::storage::rocks {
namespace {

constexpr std::uint8_t row_version = 1;
constexpr std::uint8_t challenge_version = 2;  // 1 kept no certificate

template <typename Row>
Result<Row> finish(const Reader& reader, Row row, Table table) {
  if (reader.ok()) return row;
  return failure(ErrorCode::corrupt, std::string("a row of ") + name_of(table) + " is damaged");
}

}  // namespace

const char* name_of(Table table) {
  switch (table) {
    case Table::meta:
      return "default";
    case Table::enrolments:
      return "enrolments";
    case Table::secrets:
      return "secrets";
    case Table::schedules:
      return "schedules";
    case Table::due:
      return "due";
    case Table::queue:
      return "queue";
    case Table::deliveries:
      return "deliveries";
    case Table::results:
      return "results";
    case Table::commands:
      return "commands";
    case Table::batches:
      return "batches";
    case Table::audiences:
      return "audiences";
    case Table::batch_progress:
      return "batch_progress";
    case Table::certificates:
      return "certificates";
    case Table::challenges:
      return "challenges";
    case Table::push_certificates:
      return "push_certificates";
    case Table::long_results:
      return "long_results";
  }
  return "unknown";
}

// ---- keys ----

Bytes counts_key(Partition partition) {
  return std::string("counts") + static_cast<char>(partition.index);
}

Bytes push_secret_key(const mdm::EnrolmentId& enrolment) { return '\x01' + enrolment.text(); }

Bytes unlock_secret_key(const mdm::EnrolmentId& enrolment) { return '\x02' + enrolment.text(); }

Bytes bootstrap_secret_key(const mdm::EnrolmentId& enrolment) { return '\x03' + enrolment.text(); }

Bytes user_login_key(const mdm::EnrolmentId& user) { return '\x04' + user.text(); }

Bytes schedule_key(const mdm::EnrolmentId& enrolment) {
  Bytes key;
  key.reserve(enrolment.text().size() + 1);
  key.push_back(static_cast<char>(partition_of(enrolment).index));
  return key += enrolment.text();
}

Bytes due_prefix(Partition partition, Priority priority) {
  return {static_cast<char>(partition.index), static_cast<char>(priority)};
}

Bytes due_key(Partition partition, Priority priority, Time due_at, std::uint64_t block) {
  Bytes key = due_prefix(partition, priority);
  append_time_key(key, due_at);
  append_big_endian(key, block);
  return key;
}

std::optional<DuePlace> parse_due_key(BytesView key) {
  constexpr std::size_t size = 1 + 1 + 8 + 8;
  if (key.size() != size) return std::nullopt;
  const std::uint64_t milliseconds = read_big_endian(key.substr(2, 8)) ^ std::uint64_t{1} << 63;
  return DuePlace{
      .due_at = Time(std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds))),
      .block = read_big_endian(key.substr(10))};
}

Bytes life_prefix(const mdm::EnrolmentId& enrolment, std::uint32_t generation) {
  Bytes prefix;
  prefix.reserve(enrolment.text().size() + 48);  // room for what follows, too
  append_big_endian(prefix, static_cast<std::uint16_t>(enrolment.text().size()));
  prefix += enrolment.text();
  append_big_endian(prefix, generation);
  return prefix;
}

Bytes queue_key(BytesView life, std::uint64_t sequence) {
  Bytes key(life);
  append_big_endian(key, sequence);
  return key;
}

Bytes delivery_key(BytesView life, const mdm::CommandUuid& command) {
  return Bytes(life) + command.text;
}

Bytes upload_key(BytesView life, UploadId upload) {
  Bytes key = '\0' + Bytes(life);
  append_big_endian(key, upload.number);
  return key;
}

Bytes long_result_key(BytesView life, const mdm::CommandUuid& command) {
  return '\1' + delivery_key(life, command);
}

Bytes pieces_prefix(BytesView upload_key) { return '\2' + Bytes(upload_key.substr(1)); }

Bytes piece_key(BytesView life, UploadId upload, std::uint32_t piece) {
  Bytes key = pieces_prefix(upload_key(life, upload));
  append_big_endian(key, piece);
  return key;
}

Bytes audience_prefix(const BatchId& batch) {
  Bytes prefix;
  append_big_endian(prefix, static_cast<std::uint16_t>(batch.text.size()));
  return prefix += batch.text;
}

Bytes audience_prefix(const BatchId& batch, Partition partition) {
  return audience_prefix(batch) + static_cast<char>(partition.index);
}

Bytes audience_key(const BatchId& batch, Partition partition, std::uint32_t chunk) {
  Bytes key = audience_prefix(batch, partition);
  append_big_endian(key, chunk);
  return key;
}

std::optional<BatchId> parse_audience_key(BytesView key) {
  constexpr std::size_t around_batch = 2 + 1 + 4;
  if (key.size() < around_batch) return std::nullopt;
  const std::size_t size = std::size_t{static_cast<unsigned char>(key[0])} << 8 |
                           static_cast<unsigned char>(key[1]);
  if (key.size() != around_batch + size) return std::nullopt;
  return BatchId{.text = std::string(key.substr(2, size))};
}

Bytes progress_key(Partition partition, const BatchId& batch) {
  return static_cast<char>(partition.index) + batch.text;
}

Bytes behind(BytesView prefix) {
  Bytes key(prefix);
  while (!key.empty() && static_cast<unsigned char>(key.back()) == 0xff) key.pop_back();
  if (!key.empty()) key.back() = static_cast<char>(static_cast<unsigned char>(key.back()) + 1);
  return key;
}

// ---- counters ----

Counter counter_of(EnrolmentState state) {
  switch (state) {
    case EnrolmentState::pending:
      return Counter::enrolments_pending;
    case EnrolmentState::enrolled:
      return Counter::enrolments_enrolled;
    case EnrolmentState::ended:
      break;
  }
  return Counter::enrolments_ended;
}

Counter counter_of(DeliveryState state) {
  switch (state) {
    case DeliveryState::queued:
    case DeliveryState::sent:
      break;
    case DeliveryState::acknowledged:
      return Counter::deliveries_acknowledged;
    case DeliveryState::failed:
      return Counter::deliveries_failed;
    case DeliveryState::cancelled:
      return Counter::deliveries_cancelled;
    case DeliveryState::expired:
      return Counter::deliveries_expired;
    case DeliveryState::voided:
      return Counter::deliveries_voided;
  }
  return Counter::deliveries_live;
}

// ---- values ----

Bytes encode(const Enrolment& row) {
  Writer writer(row_version);
  writer.u8(static_cast<std::uint8_t>(row.identity.kind))
      .text(row.identity.enrolment.text())
      .text(row.identity.device.text())
      .optional_text(row.identity.user_short_name)
      .optional_text(row.identity.user_long_name)
      .u32(row.generation)
      .u8(static_cast<std::uint8_t>(row.state))
      .u8(row.end_reason ? static_cast<std::uint8_t>(*row.end_reason) : 0)
      .text(row.topic)
      .digest(row.certificate)
      .optional_digest(row.previous_certificate)
      .time(row.previous_certificate_until);
  for (const std::string* text :
       {&row.serial_number, &row.model, &row.model_name, &row.product_name, &row.device_name,
        &row.os_version, &row.build_version, &row.imei, &row.meid}) {
    writer.text(*text);
  }
  writer.flag(row.awaiting_configuration)
      .flag(row.has_push_token)
      .flag(row.push_parked)
      .u32(row.token_update_tally)
      .time(row.authenticated_at)
      .time(row.token_updated_at)
      .time(row.ended_at);
  return writer.take();
}

Result<Enrolment> decode_enrolment(BytesView bytes) {
  Reader reader(bytes, row_version);
  Enrolment row;
  const std::uint8_t kind = reader.u8();
  row.identity.kind = static_cast<mdm::IdentityKind>(kind);
  row.identity.enrolment = mdm::EnrolmentId(reader.text());
  row.identity.device = mdm::EnrolmentId(reader.text());
  row.identity.user_short_name = reader.optional_text();
  row.identity.user_long_name = reader.optional_text();
  row.generation = reader.u32();
  row.state = reader.enumerator(EnrolmentState::pending, EnrolmentState::ended);
  const std::uint8_t reason = reader.u8();
  if (reason != 0) row.end_reason = static_cast<EndReason>(reason);
  row.topic = reader.text();
  row.certificate = reader.digest();
  row.previous_certificate = reader.optional_digest();
  row.previous_certificate_until = reader.time();
  for (std::string* text :
       {&row.serial_number, &row.model, &row.model_name, &row.product_name, &row.device_name,
        &row.os_version, &row.build_version, &row.imei, &row.meid}) {
    *text = reader.text();
  }
  row.awaiting_configuration = reader.flag();
  row.has_push_token = reader.flag();
  row.push_parked = reader.flag();
  row.token_update_tally = reader.u32();
  row.authenticated_at = reader.time();
  row.token_updated_at = reader.time();
  row.ended_at = reader.time();
  const bool known = kind <= static_cast<std::uint8_t>(mdm::IdentityKind::user_enrolment_user) &&
                     reason <= static_cast<std::uint8_t>(EndReason::removed);
  if (!known) return failure(ErrorCode::corrupt, "a row of enrolments is damaged");
  return finish(reader, std::move(row), Table::enrolments);
}

Bytes encode(const Schedule& row) {
  Writer writer;
  encode(row, writer);
  return writer.take();
}

void encode(const Schedule& row, Writer& writer) {
  writer.restart(row_version);
  writer.number(row.generation)
      .u8(static_cast<std::uint8_t>(row.state))
      .flag(row.has_push_token)
      .flag(row.push_parked)
      .number(row.live)
      .number(row.live_of_batches)
      .number(row.put_off)
      .number(row.round)
      .number(row.next_sequence)
      .flag(row.wake.due_at.has_value());
  if (row.wake.due_at) writer.short_time(*row.wake.due_at).number(row.due_block);
  writer.u8(static_cast<std::uint8_t>(row.wake.priority))
      .number(row.wake.attempts)
      .short_time(row.wake.first_pushed_at)
      .short_time(row.wake.last_pushed_at)
      .short_time(row.wake.last_seen_at)
      .short_text(row.wake.last_apns_reason)
      .number(row.in_row)
      .short_text(row.queue);
}

Result<Schedule> decode_schedule(BytesView bytes) {
  Reader reader(bytes, row_version);
  Schedule row;
  row.generation = reader.number32();
  row.state = reader.enumerator(EnrolmentState::pending, EnrolmentState::ended);
  row.has_push_token = reader.flag();
  row.push_parked = reader.flag();
  row.live = reader.number32();
  row.live_of_batches = reader.number32();
  row.put_off = reader.number32();
  row.round = reader.number32();
  row.next_sequence = reader.number();
  if (reader.flag()) {
    row.wake.due_at = reader.short_time();
    row.due_block = reader.number();
  }
  row.wake.priority = reader.enumerator(Priority::urgent, Priority::bulk);
  row.wake.attempts = reader.number32();
  row.wake.first_pushed_at = reader.short_time();
  row.wake.last_pushed_at = reader.short_time();
  row.wake.last_seen_at = reader.short_time();
  row.wake.last_apns_reason = reader.short_text();
  row.in_row = reader.number32();
  row.queue = reader.short_text();
  return finish(reader, std::move(row), Table::schedules);
}

namespace {

void write_before_sequence(Writer& writer, const Delivery& delivery) {
  writer.short_text(delivery.command.text).short_text(delivery.request_type);
}

void write_behind_sequence(Writer& writer, const Delivery& delivery, std::uint32_t put_off_round) {
  writer.number(put_off_round)
      .u8(static_cast<std::uint8_t>(delivery.state))
      .number(delivery.times_sent)
      .number(delivery.times_not_now)
      .short_time(delivery.queued_at)
      .short_time(delivery.sent_at)
      .short_time(delivery.ended_at)
      .short_text(delivery.final_status)
      .flag(delivery.batch.has_value());
  if (delivery.batch) writer.short_text(delivery.batch->text);
  writer.short_time(delivery.expires_at);
}

}  // namespace

Bytes encode(const DeliveryRow& row) {
  Writer writer(row_version);
  write_before_sequence(writer, row.delivery);
  writer.number(row.sequence);
  write_behind_sequence(writer, row.delivery, row.put_off_round);
  return writer.take();
}

NewDelivery::NewDelivery(const Delivery& delivery) {
  Writer before(row_version), behind;
  write_before_sequence(before, delivery);
  write_behind_sequence(behind, delivery, 0);
  before_ = before.take();
  behind_ = behind.take();
}

std::size_t NewDelivery::size_at(std::uint64_t sequence) const {
  return before_.size() + bytes_of_number(sequence) + behind_.size();
}

void NewDelivery::append_to(Bytes& bytes, std::uint64_t sequence) const {
  bytes += before_;
  append_number(bytes, sequence);
  bytes += behind_;
}

Bytes NewDelivery::at(std::uint64_t sequence) const {
  Bytes bytes;
  append_to(bytes, sequence);
  return bytes;
}

Result<DeliveryRow> decode_delivery(BytesView bytes) {
  Reader reader(bytes, row_version);
  DeliveryRow row;
  Delivery& delivery = row.delivery;
  delivery.command.text = reader.short_text();
  delivery.request_type = reader.short_text();
  row.sequence = reader.number();
  row.put_off_round = reader.number32();
  delivery.state = reader.enumerator(DeliveryState::queued, DeliveryState::voided);
  delivery.times_sent = reader.number32();
  delivery.times_not_now = reader.number32();
  delivery.queued_at = reader.short_time();
  delivery.sent_at = reader.short_time();
  delivery.ended_at = reader.short_time();
  delivery.final_status = reader.short_text();
  if (reader.flag()) delivery.batch = BatchId{.text = reader.short_text()};
  delivery.expires_at = reader.short_time();
  return finish(reader, std::move(row), Table::deliveries);
}

// The time is the last field: that of none is the byte 0, with which no other number ends.
bool never_expires(BytesView delivery) { return delivery.ends_with('\0'); }

BytesView command_of_delivery(BytesView bytes) { return Reader(bytes, row_version).short_view(); }

Bytes encode(const Batch& row) {
  return Writer(row_version)
      .text(row.id.text)
      .text(row.command.text)
      .u8(static_cast<std::uint8_t>(row.audience))
      .u64(row.audience_ids)
      .u32(row.rate_per_second)
      .time(row.expires_at)
      .u8(static_cast<std::uint8_t>(row.priority))
      .u8(static_cast<std::uint8_t>(row.state))
      .time(row.created_at)
      .time(row.changed_at)
      .take();
}

Result<Batch> decode_batch(BytesView bytes) {
  Reader reader(bytes, row_version);
  Batch row;
  row.id.text = reader.text();
  row.command.text = reader.text();
  row.audience = reader.enumerator(AudienceKind::ids, AudienceKind::all);
  row.audience_ids = reader.u64();
  row.rate_per_second = reader.u32();
  row.expires_at = reader.time();
  row.priority = reader.enumerator(Priority::urgent, Priority::bulk);
  row.state = reader.enumerator(BatchState::running, BatchState::cancelled);
  row.created_at = reader.time();
  row.changed_at = reader.time();
  return finish(reader, std::move(row), Table::batches);
}

Bytes encode(const BatchProgress& row) {
  Writer writer(row_version);
  writer.u8(static_cast<std::uint8_t>(row.phase));
  for (const AudiencePlace* place : {&row.expanded_to, &row.withdrawn_to}) {
    writer.u32(place->chunk).u32(place->index).text(place->last.text());
  }
  const BatchCounts& counts = row.counts;
  for (const std::uint64_t count :
       {counts.not_found, counts.not_enrolled, counts.queue_full, counts.already_queued,
        counts.live, counts.acknowledged, counts.failed, counts.cancelled, counts.expired,
        counts.voided}) {
    writer.u64(count);
  }
  return writer.take();
}

Result<BatchProgress> decode_batch_progress(BytesView bytes) {
  Reader reader(bytes, row_version);
  BatchProgress row;
  row.phase = reader.enumerator(BatchPhase::expanding, BatchPhase::done);
  for (AudiencePlace* place : {&row.expanded_to, &row.withdrawn_to}) {
    place->chunk = reader.u32();
    place->index = reader.u32();
    place->last = mdm::EnrolmentId(reader.text());
  }
  BatchCounts& counts = row.counts;
  for (std::uint64_t* count :
       {&counts.not_found, &counts.not_enrolled, &counts.queue_full, &counts.already_queued,
        &counts.live, &counts.acknowledged, &counts.failed, &counts.cancelled, &counts.expired,
        &counts.voided}) {
    *count = reader.u64();
  }
  return finish(reader, std::move(row), Table::batch_progress);
}

Bytes encode_audience(std::span<const mdm::EnrolmentId> ids) {
  Writer writer(row_version);
  writer.u32(static_cast<std::uint32_t>(ids.size()));
  for (const mdm::EnrolmentId& id : ids) writer.text(id.text());
  return writer.take();
}

Result<std::vector<mdm::EnrolmentId>> decode_audience(BytesView bytes) {
  Reader reader(bytes, row_version);
  std::vector<mdm::EnrolmentId> ids(
      std::min<std::size_t>(reader.u32(), Transaction::audience_chunk_ids_max));
  for (mdm::EnrolmentId& id : ids) id = mdm::EnrolmentId(reader.text());
  return finish(reader, std::move(ids), Table::audiences);
}

Bytes encode_due(std::span<const BytesView> ids) {
  Writer writer(row_version);
  writer.number(ids.size());
  for (const BytesView id : ids) writer.short_text(id);
  return writer.take();
}

Result<std::vector<BytesView>> decode_due(BytesView bytes) {
  Reader reader(bytes, row_version);
  const std::uint64_t count = reader.number();
  std::vector<BytesView> ids;
  ids.reserve(std::min<std::uint64_t>(count, bytes.size()));
  for (std::uint64_t i = 0; i < count && reader.has_more(); ++i) {
    ids.push_back(reader.short_view());
  }
  if (ids.size() != count) return failure(ErrorCode::corrupt, "a row of due is damaged");
  return finish(reader, std::move(ids), Table::due);
}

Bytes encode(const LongReport& row) {
  return Writer(row_version).u64(row.upload.number).u64(row.size.bytes).u32(row.size.pieces).take();
}

Result<LongReport> decode_long_report(BytesView bytes) {
  Reader reader(bytes, row_version);
  LongReport row;
  row.upload = {.number = reader.u64()};
  row.size.bytes = reader.u64();
  row.size.pieces = reader.u32();
  return finish(reader, row, Table::long_results);
}

Bytes encode(const PushSecretRow& row) {
  return Writer(row_version).text(row.topic).time(row.token_updated_at).text(row.sealed).take();
}

Result<PushSecretRow> decode_push_secret_row(BytesView bytes) {
  Reader reader(bytes, row_version);
  PushSecretRow row;
  row.topic = reader.text();
  row.token_updated_at = reader.time();
  row.sealed = reader.text();
  return finish(reader, std::move(row), Table::secrets);
}

Bytes encode(const PushSecret& row) {
  return Writer(row_version).text(row.token.bytes).text(row.magic.text).take();
}

Result<PushSecret> decode_push_secret(BytesView bytes) {
  Reader reader(bytes, row_version);
  PushSecret row;
  row.token.bytes = reader.text();
  row.magic.text = reader.text();
  return finish(reader, std::move(row), Table::secrets);
}

Bytes encode(const UserLogin& row) {
  return Writer(row_version)
      .optional_digest(row.nonce)
      .time(row.nonce_expires_at)
      .optional_digest(row.auth_token)
      .take();
}

Result<UserLogin> decode_user_login(BytesView bytes) {
  Reader reader(bytes, row_version);
  UserLogin row;
  row.nonce = reader.optional_digest();
  row.nonce_expires_at = reader.time();
  row.auth_token = reader.optional_digest();
  return finish(reader, std::move(row), Table::secrets);
}

Bytes encode(const CommandRow& row) {
  return Writer(row_version).time(row.stored_at).text(row.request_type).text(row.body).take();
}

Result<CommandRow> decode_command(BytesView bytes) {
  Reader reader(bytes, row_version);
  CommandRow row;
  row.stored_at = reader.time();
  row.request_type = reader.text();
  row.body = reader.text();
  return finish(reader, std::move(row), Table::commands);
}

Bytes encode(const CertificateRow& row) {
  Writer writer(row_version);
  writer.optional_text(row.device).flag(row.issued.has_value());
  if (row.issued) {
    writer.digest(row.issued->sha256)
        .text(row.issued->serial_hex)
        .time(row.issued->issued_at)
        .time(row.issued->not_after)
        .optional_digest(row.issued->renews);
  }
  return writer.take();
}

Result<CertificateRow> decode_certificate(BytesView bytes) {
  Reader reader(bytes, row_version);
  CertificateRow row;
  row.device = reader.optional_text();
  if (reader.flag()) {
    IssuedCertificate issued;
    issued.sha256 = reader.digest();
    issued.serial_hex = reader.text();
    issued.issued_at = reader.time();
    issued.not_after = reader.time();
    issued.renews = reader.optional_digest();
    row.issued = std::move(issued);
  }
  return finish(reader, std::move(row), Table::certificates);
}

Bytes encode(const ChallengeRow& row) {
  return Writer(challenge_version)
      .time(row.expires_at)
      .optional_digest(row.spent_on)
      .optional_text(row.certificate)
      .take();
}

Result<ChallengeRow> decode_challenge(BytesView bytes) {
  const bool keeps_certificate = !bytes.empty() && bytes.front() != row_version;
  Reader reader(bytes, keeps_certificate ? challenge_version : row_version);
  ChallengeRow row;
  row.expires_at = reader.time();
  row.spent_on = reader.optional_digest();
  if (keeps_certificate) row.certificate = reader.optional_text();
  return finish(reader, std::move(row), Table::challenges);
}

Bytes encode(const PushCertificateRecord& row) {
  return Writer(row_version)
      .text(row.topic)
      .text(row.certificate_pem)
      .time(row.not_after)
      .time(row.stored_at)
      .take();
}

Result<PushCertificateRecord> decode_push_certificate(BytesView bytes) {
  Reader reader(bytes, row_version);
  PushCertificateRecord row;
  row.topic = reader.text();
  row.certificate_pem = reader.text();
  row.not_after = reader.time();
  row.stored_at = reader.time();
  return finish(reader, std::move(row), Table::push_certificates);
}

Bytes encode(const FormatRow& row) {
  return Writer(row_version).text(row.magic).u32(row.version).take();
}

Result<FormatRow> decode_format(BytesView bytes) {
  Reader reader(bytes, row_version);
  FormatRow row;
  row.magic = reader.text();
  row.version = reader.u32();
  return finish(reader, std::move(row), Table::meta);
}

Bytes encode(const CounterRow& row) {
  Writer writer(row_version);
  for (const std::uint64_t counter : row) writer.u64(counter);
  return writer.take();
}

Result<CounterRow> decode_counters(BytesView bytes) {
  Reader reader(bytes, row_version);
  CounterRow row{};
  for (std::uint64_t& counter : row) counter = reader.u64();
  return finish(reader, row, Table::meta);
}

}  // namespace reveille::storage::rocks
