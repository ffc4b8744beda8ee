#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "storage/batch_step.h"
#include "storage/records.h"
#include "storage/rocksdb/encoding.h"

// The database, table by table (a table is a column family). docs/storage-format.md says the same
// for people, with the fields of every value.
//
// clang-format off
//   table              key                                              value
//   default (meta)     "format"                                         magic, format version
//                      "key"                                            sealed check value
//                      "counts" partition:1                             CounterRow
//                      "revoked" SHA-256:32                             time of the revocation
//   enrolments         id                                               Enrolment
//   secrets            0x01 id                                          PushSecretRow
//                      0x02 id                                          sealed unlock token
//                      0x03 id                                          sealed bootstrap token
//                      0x04 id                                          UserLogin
//   schedules          partition:1 id                                   Schedule
//   due                partition:1 priority:1 due_at:8 block:8          ids
//   queue              life sequence:8                                  the command's uuid
//   deliveries         life uuid                                        DeliveryRow
//   results            life uuid                                        the report's bytes
//   long_results       0x00 life upload:8                               LongReport, not recorded yet
//                      0x01 life uuid                                   LongReport
//                      0x02 life upload:8 piece:4                       bytes of one
//   commands           uuid                                             CommandRow
//   batches            batch                                            BatchRow
//   audiences          size-of-batch:2 batch partition:1 chunk:4        ids
//   batch_progress     partition:1 batch                                BatchProgress
//   certificates       SHA-256:32                                       CertificateRow
//   challenges         SHA-256:32                                       ChallengeRow
//   push_certificates  topic                                            sealed PushCertificateRecord
//
//   life = size-of-id:2 id generation:4
// clang-format on
//
// Integers in keys are big-endian, so that rows lie in the order of their numbers.
namespace reveille::storage::rocks {

constexpr const char* format_magic = "reveille-store";
constexpr std::uint32_t format_version = 3;

enum class Table : std::uint8_t {
  meta,
  enrolments,
  secrets,
  schedules,
  due,
  queue,
  deliveries,
  results,
  commands,
  batches,
  audiences,
  batch_progress,
  certificates,
  challenges,
  push_certificates,
  long_results,
};
constexpr std::size_t table_count = 16;

// The column family's name.
const char* name_of(Table table);

// ---- keys ----

constexpr const char* format_key = "format";
constexpr const char* key_check_key = "key";
constexpr const char* revoked_prefix = "revoked";

Bytes counts_key(Partition partition);
Bytes push_secret_key(const mdm::EnrolmentId& enrolment);
Bytes unlock_secret_key(const mdm::EnrolmentId& enrolment);
Bytes bootstrap_secret_key(const mdm::EnrolmentId& enrolment);
Bytes user_login_key(const mdm::EnrolmentId& user);
Bytes schedule_key(const mdm::EnrolmentId& enrolment);
// `block` tells those of one time apart.
Bytes due_key(Partition partition, Priority priority, Time due_at, std::uint64_t block);
// What all keys of one priority begin with.
Bytes due_prefix(Partition partition, Priority priority);
struct DuePlace {
  Time due_at{};
  std::uint64_t block = 0;

  friend auto operator<=>(const DuePlace&, const DuePlace&) = default;
};
// nullopt when the bytes are no such key.
std::optional<DuePlace> parse_due_key(BytesView key);

// What the keys of one life's queue, deliveries and results begin with.
Bytes life_prefix(const mdm::EnrolmentId& enrolment, std::uint32_t generation);
Bytes queue_key(BytesView life, std::uint64_t sequence);
Bytes delivery_key(BytesView life, const mdm::CommandUuid& command);

// Of a report that comes in pieces: until it is recorded, from then on, and its pieces.
constexpr BytesView uploads_prefix{"\0", 1}, long_results_prefix{"\1", 1};
Bytes upload_key(BytesView life, UploadId upload);
Bytes long_result_key(BytesView life, const mdm::CommandUuid& command);
Bytes pieces_prefix(BytesView upload_key);
Bytes piece_key(BytesView life, UploadId upload, std::uint32_t piece);

// What the keys of a batch's audience begin with; and of its share in one partition.
Bytes audience_prefix(const BatchId& batch);
Bytes audience_prefix(const BatchId& batch, Partition partition);
Bytes audience_key(const BatchId& batch, Partition partition, std::uint32_t chunk);
// nullopt when the bytes are no such key.
std::optional<BatchId> parse_audience_key(BytesView key);
Bytes progress_key(Partition partition, const BatchId& batch);

// The first key behind all that begin with `prefix`; empty when there is none.
Bytes behind(BytesView prefix);

// ---- values; a decoder's only error is corrupt ----

// All that enqueueing, connecting and waking need to know of an enrolment, the oldest of its live
// deliveries among it: so each of them is mostly one read and one write, and leaves the bigger
// record alone.
struct Schedule {
  std::uint32_t generation = 1;
  EnrolmentState state = EnrolmentState::pending;
  bool has_push_token = false;
  bool push_parked = false;
  std::uint32_t live = 0;           // deliveries without an end state
  std::uint32_t live_of_batches = 0;  // of these, queued by a batch
  std::uint32_t put_off = 0;        // of these, answered NotNow in this round
  std::uint32_t round = 1;          // counts the rounds of NotNow; an Idle may begin the next
  std::uint64_t next_sequence = 0;  // of the queue
  WakeState wake;
  std::uint64_t due_block = 0;  // the row of `due` that names the wake, if one is due
  std::uint32_t in_row = 0;  // how many live deliveries `queue` holds
  Bytes queue;               // see LiveQueue

  bool may_be_pushed() const { return has_push_token && !push_parked; }
};

struct DeliveryRow {
  Delivery delivery;
  std::uint64_t sequence = 0;
  std::uint32_t put_off_round = 0;  // the last round in which the device said NotNow; 0: none
};

// One partition's share of a batch, and how far it has come. Nobody but the partition's lane writes
// it, once put_batch() has.
struct BatchProgress {
  BatchPhase phase = BatchPhase::expanding;
  AudiencePlace expanded_to, withdrawn_to;
  BatchCounts counts;  // all but audience, unexpanded and partitions

  // When the last delivery has met its end, there is nothing to take back any more.
  BatchPhase phase_now() const {
    const bool is_done = phase == BatchPhase::expanded && counts.live == 0;
    return is_done ? BatchPhase::done : phase;
  }
};

// A report that came in pieces, or is coming.
struct LongReport {
  UploadId upload;
  ResultSize size;
};

struct PushSecretRow {
  std::string topic;
  Time token_updated_at{};
  Bytes sealed;  // PushSecret
};

struct PushSecret {
  mdm::PushToken token;
  mdm::PushMagic magic;
};

struct CommandRow {
  std::string request_type;
  Bytes body;
  Time stored_at{};
};

struct CertificateRow {
  std::optional<IssuedCertificate> issued;  // nullopt: issued elsewhere
  std::optional<std::string> device;        // the enrolment that it is tied to
};

struct ChallengeRow {
  Time expires_at{};
  std::optional<Sha256> spent_on;
  std::optional<Bytes> certificate;  // that it was spent on
};

struct FormatRow {
  std::string magic;
  std::uint32_t version = 0;
};

// One partition's share of Counts, indexed by Counter.
enum class Counter : std::uint8_t {
  enrolments_pending,
  enrolments_enrolled,
  enrolments_ended,
  deliveries_live,
  deliveries_acknowledged,
  deliveries_failed,
  deliveries_cancelled,
  deliveries_expired,
  deliveries_voided,
  commands,
};
constexpr std::size_t counter_count = 10;
using CounterRow = std::array<std::uint64_t, counter_count>;

Counter counter_of(EnrolmentState state);
Counter counter_of(DeliveryState state);

Bytes encode(const Enrolment& row);
Bytes encode(const Schedule& row);
void encode(const Schedule& row, Writer& writer);  // as the writer's only value
Bytes encode(const DeliveryRow& row);
Bytes encode(const Batch& row);
Bytes encode(const BatchProgress& row);
Bytes encode_audience(std::span<const mdm::EnrolmentId> ids);
Bytes encode_due(std::span<const BytesView> ids);
Bytes encode(const LongReport& row);
Bytes encode(const PushSecretRow& row);
Bytes encode(const PushSecret& row);
Bytes encode(const UserLogin& row);
Bytes encode(const CommandRow& row);
Bytes encode(const CertificateRow& row);
Bytes encode(const ChallengeRow& row);
Bytes encode(const PushCertificateRecord& row);
Bytes encode(const FormatRow& row);
Bytes encode(const CounterRow& row);

// A delivery that is queued for many, each with a sequence of its own: encoded once for all.
class NewDelivery {
 public:
  explicit NewDelivery(const Delivery& delivery);

  std::size_t size_at(std::uint64_t sequence) const;
  void append_to(Bytes& bytes, std::uint64_t sequence) const;
  Bytes at(std::uint64_t sequence) const;

 private:
  Bytes before_, behind_;  // the sequence
};

Result<Enrolment> decode_enrolment(BytesView bytes);
Result<Schedule> decode_schedule(BytesView bytes);
Result<DeliveryRow> decode_delivery(BytesView bytes);
// Alone, of a whole row: what tells it from others. Empty when it is damaged.
BytesView command_of_delivery(BytesView bytes);
// Alone, of a whole row: whether its delivery has no time at which it expires.
bool never_expires(BytesView delivery);
Result<Batch> decode_batch(BytesView bytes);
Result<BatchProgress> decode_batch_progress(BytesView bytes);
Result<std::vector<mdm::EnrolmentId>> decode_audience(BytesView bytes);
// The ids are part of `bytes`.
Result<std::vector<BytesView>> decode_due(BytesView bytes);
Result<LongReport> decode_long_report(BytesView bytes);
Result<PushSecretRow> decode_push_secret_row(BytesView bytes);
Result<PushSecret> decode_push_secret(BytesView bytes);
Result<UserLogin> decode_user_login(BytesView bytes);
Result<CommandRow> decode_command(BytesView bytes);
Result<CertificateRow> decode_certificate(BytesView bytes);
Result<ChallengeRow> decode_challenge(BytesView bytes);
Result<PushCertificateRecord> decode_push_certificate(BytesView bytes);
Result<FormatRow> decode_format(BytesView bytes);
Result<CounterRow> decode_counters(BytesView bytes);

}  // namespace reveille::storage::rocks
