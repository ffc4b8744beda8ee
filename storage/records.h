#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/mdm/check_in.h"
#include "protocol/mdm/command.h"
#include "protocol/mdm/enrolment_id.h"

// What the store keeps, as values. All times are wall-clock, UTC, in milliseconds.
namespace reveille::storage {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

// SHA-256 of a certificate's DER, of a challenge, of a public key: 32 bytes.
struct Sha256 {
  std::array<char, 32> bytes{};

  static Sha256 from(BytesView raw);  // ensures 32 bytes
  BytesView view() const { return {bytes.data(), bytes.size()}; }
  friend auto operator<=>(const Sha256&, const Sha256&) = default;
};

// Names one batch for ever: not empty, at most 256 bytes, no control characters; mostly a UUID of
// version 7, so that batches lie in the order of their creation.
struct BatchId {
  std::string text;
  friend auto operator<=>(const BatchId&, const BatchId&) = default;
};

// A share of the records, fixed for the life of a database: the storage lane that owns a partition
// is the only one to touch its enrolments, its due wakes and the keys that hash into it.
struct Partition {
  static constexpr std::uint8_t count = 16;
  std::uint8_t index = 0;
  friend auto operator<=>(const Partition&, const Partition&) = default;
};

// FNV-1a (64 bit) of the id up to its first ':', so that a device and its user channels share one;
// the hash is part of the on-disk format.
Partition partition_of(const mdm::EnrolmentId& enrolment);
Partition partition_of(const mdm::CommandUuid& command);
Partition partition_of(const BatchId& batch);
Partition partition_of(const Sha256& key);

//   pending ──TokenUpdate──► enrolled ──► ended
//      └────────────────────────────────────┘
// A later Authenticate of the same id begins a new generation at pending.
enum class EnrolmentState : std::uint8_t { pending = 1, enrolled = 2, ended = 3 };

enum class EndReason : std::uint8_t {
  checked_out = 1,  // CheckOut
  erased = 2,       // EraseDevice acknowledged
  superseded = 3,   // Authenticate of the same identity
  unreachable = 4,  // APNs says 410, then silence
  removed = 5,      // an operator's decision
};

const char* name_of(EnrolmentState state);
const char* name_of(EndReason reason);

// One enrolment without its secrets.
struct Enrolment {
  mdm::Identity identity;
  std::uint32_t generation = 1;  // counts the lives of this id
  EnrolmentState state = EnrolmentState::pending;
  std::optional<EndReason> end_reason;

  std::string topic;
  Sha256 certificate{};  // the identity certificate; of a user channel: all zero, its device has it
  std::optional<Sha256> previous_certificate;  // accepted until the time below, after a renewal
  Time previous_certificate_until{};

  // As Authenticate said; empty when it did not say.
  std::string serial_number, model, model_name, product_name, device_name, os_version,
      build_version, imei, meid;

  bool awaiting_configuration = false;
  bool has_push_token = false;
  bool push_parked = false;  // APNs refused the token: no wake until TokenUpdate, or it takes one
  std::uint32_t token_update_tally = 0;

  Time authenticated_at{};
  Time token_updated_at{};
  Time ended_at{};

  friend bool operator==(const Enrolment&, const Enrolment&) = default;
};

//   queued ─► sent ─► acknowledged | failed        sent ─NotNow─► queued
//   queued, sent ─► cancelled | expired | voided   exactly one end state, ever
enum class DeliveryState : std::uint8_t {
  queued = 1,
  sent = 2,
  acknowledged = 3,
  failed = 4,
  cancelled = 5,
  expired = 6,
  voided = 7,  // the enrolment ended first
};

// The commands that end Setup Assistant, and with it what was prepared behind it: the one exception
// from a queue's order. They are handed out when nothing else is ready.
constexpr bool ends_setup(std::string_view request_type) {
  return request_type == "DeviceConfigured" || request_type == "UserConfigured";
}

const char* name_of(DeliveryState state);
constexpr bool is_end_state(DeliveryState state) { return state >= DeliveryState::acknowledged; }

// A command's life with one enrolment.
struct Delivery {
  mdm::CommandUuid command;
  std::string request_type;
  DeliveryState state = DeliveryState::queued;
  std::uint32_t times_sent = 0;
  std::uint32_t times_not_now = 0;
  Time queued_at{};
  Time sent_at{};            // the last time; epoch: never
  Time ended_at{};           // epoch: not ended
  std::string final_status;  // "Acknowledged", "Error", "CommandFormatError"; empty otherwise
  std::optional<BatchId> batch;  // the batch that queued it
  Time expires_at{};             // not handed out from then on; epoch: never

  friend bool operator==(const Delivery&, const Delivery&) = default;
};

constexpr bool has_expired(const Delivery& delivery, Time now) {
  return delivery.expires_at != Time{} && delivery.expires_at <= now;
}

// Tells the pieces of one long report from those of another; drawn at random.
struct UploadId {
  std::uint64_t number = 0;
  friend bool operator==(const UploadId&, const UploadId&) = default;
  friend auto operator<=>(const UploadId&, const UploadId&) = default;
};

// How much there is of a result.
struct ResultSize {
  std::uint64_t bytes = 0;
  std::uint32_t pieces = 1;
  friend bool operator==(const ResultSize&, const ResultSize&) = default;
};

// Urgent wakes are read before all others. It holds for the first push: what follows silence, or
// was put off, is bulk.
enum class Priority : std::uint8_t { urgent = 1, bulk = 2 };

const char* name_of(Priority priority);

// An enrolment that has work, or was asked for, and should be pushed.
struct DueWake {
  mdm::EnrolmentId enrolment;
  std::uint32_t generation = 0;
  Time due_at{};
  std::uint32_t attempts = 0;  // pushes since the device last connected
  Time first_pushed_at{};      // the first of them; epoch: none
  std::string topic;
  mdm::PushToken push_token;
  mdm::PushMagic push_magic;
  Time token_updated_at{};
  Priority priority = Priority::bulk;
  // Not to be pushed: the time has come at which it ends as unreachable, unless it was heard of.
  bool is_parked = false;
  Time last_seen_at{};
  // The last of its work expires then; nullopt: it has none, or some that never does.
  std::optional<Time> work_expires_at;
  std::uint64_t place = 0;  // among those of its time; the store's own
};

// Where a reader of due wakes stands; the default stands before the first.
struct WakeCursor {
  Priority priority = Priority::urgent;
  Time due_at{};
  mdm::EnrolmentId enrolment;
  std::uint64_t place = 0;
};

inline WakeCursor cursor_at(const DueWake& wake) {
  return {.priority = wake.priority,
          .due_at = wake.due_at,
          .enrolment = wake.enrolment,
          .place = wake.place};
}

// What became of a push.
struct WakeRecord {
  mdm::EnrolmentId enrolment;
  std::uint32_t generation = 0;
  Time due_at{};  // as DueWake had it: a record that changed meanwhile is left as it is
  enum class Outcome : std::uint8_t {
    pushed,     // count an attempt, due again at next_due_at while there is work
    postponed,  // not pushed: due again at next_due_at
    // Token unusable or dead: no wake until the next TokenUpdate. Comes back at next_due_at, if
    // there is one, whatever becomes of its work; nothing but a token or a push takes that away.
    parked,
    unreachable,  // ends a parked one as EndReason::unreachable
  } outcome = Outcome::pushed;
  std::optional<Time> next_due_at;  // nullopt: not before new work
  std::string apns_reason;  // "" or APNs' reason, kept for operators
};

// The schedule of one enrolment, for operators.
struct WakeState {
  // nullopt: nothing to do, or silent for long. Of a parked one: when it ends as unreachable,
  // unless it is heard of; nullopt: never.
  std::optional<Time> due_at;
  std::uint32_t attempts = 0;  // pushes since the device last connected
  Time first_pushed_at{};      // the first of them; epoch: none
  Time last_pushed_at{};       // epoch: never
  std::string last_apns_reason;
  Time last_seen_at{};  // within last_seen_resolution
  Priority priority = Priority::bulk;  // of the wake that is due

  // The device was heard: its silence is over.
  void forget_attempts() {
    attempts = 0;
    first_pushed_at = {};
  }
};

// Where the login of a Mac's user stands (UserAuthenticate, protocol.md section 3). Only hashes are
// kept: of the nonce that was asked, and of the AuthToken that the user channel must send.
struct UserLogin {
  std::optional<Sha256> nonce;  // asked, not answered yet
  Time nonce_expires_at{};
  std::optional<Sha256> auth_token;  // nullopt: nobody is logged in

  friend bool operator==(const UserLogin&, const UserLogin&) = default;
};

struct IssuedCertificate {
  Sha256 sha256;
  std::string serial_hex;
  Time issued_at{};
  Time not_after{};
  std::optional<Sha256> renews;  // the certificate that signed the renewal
};

// An identity certificate that the store has heard of.
struct KnownCertificate {
  Sha256 sha256;
  std::optional<IssuedCertificate> issued;  // nullopt: issued elsewhere
  std::optional<mdm::EnrolmentId> device;   // what it, or one that it renews, is tied to
};

struct PushCertificateRecord {
  std::string topic;
  std::string certificate_pem;  // certificate and private key: sealed at rest, in no log
  Time not_after{};
  Time stored_at{};
};

// The one that pushes go out with and that new profiles name: stored last. nullptr: there is none.
// The others' topics may still check in; nothing wakes them.
const PushCertificateRecord* push_certificate_in_use(
    std::span<const PushCertificateRecord> certificates);

// ---- batches: one command for an audience, queued by and by ----

//   running ◄─► paused        running, paused ─► cancelled
// A paused batch queues nothing more; what it has queued goes on. A cancelled one takes back what
// it has queued and has not ended.
enum class BatchState : std::uint8_t { running = 1, paused = 2, cancelled = 3 };

const char* name_of(BatchState state);

enum class AudienceKind : std::uint8_t {
  ids = 1,          // those of put_audience()
  all_devices = 2,  // every device channel that is enrolled when its turn comes
  all_users = 3,    // every user channel
  all = 4,
};

const char* name_of(AudienceKind kind);

// What was ordered. Only `state` ever changes.
struct Batch {
  BatchId id;
  mdm::CommandUuid command;
  AudienceKind audience = AudienceKind::ids;
  std::uint64_t audience_ids = 0;     // how many ids were put, in all partitions; 0 with all_...
  std::uint32_t rate_per_second = 0;  // for whoever calls advance_batch(); 0: no limit
  Time expires_at{};                  // epoch: never
  Priority priority = Priority::bulk;
  BatchState state = BatchState::running;
  Time created_at{}, changed_at{};  // set by the store

  bool has_expired(Time now) const { return expires_at != Time{} && expires_at <= now; }
  friend bool operator==(const Batch&, const Batch&) = default;
};

// What a batch has still to do in one partition.
//
//   expanding ─► expanded ─────────────► done    the audience is walked; all of it has ended
//       └───────────┴─► withdrawing ───► done    cancelled or expired: it is walked once more
enum class BatchPhase : std::uint8_t { expanding = 1, expanded = 2, withdrawing = 3, done = 4 };

const char* name_of(BatchPhase phase);

// What one advance_batch() did.
struct BatchStep {
  BatchState state = BatchState::running;    // that it found
  BatchPhase phase = BatchPhase::expanding;  // of the partition, after it
  std::size_t walked = 0;                    // places of the audience passed; at most count_max
  std::size_t queued = 0;                    // deliveries that it began
  std::size_t ended = 0;                     // deliveries that it took back

  // Whether another step would do something: not when paused, nor when all is walked. It may be
  // asked for all the same, and does nothing.
  bool has_more() const {
    return (phase == BatchPhase::expanding && state == BatchState::running) ||
           phase == BatchPhase::withdrawing;
  }
};

// Adds up at any moment: audience = unexpanded + skipped() + live + ended().
struct BatchCounts {
  std::uint64_t audience = 0;    // with all_...: as far as it has been walked
  std::uint64_t unexpanded = 0;  // not walked; for ever so, when the batch was withdrawn before
  std::uint64_t not_found = 0, not_enrolled = 0, queue_full = 0, already_queued = 0;  // skipped
  std::uint64_t live = 0;  // queued and sent
  std::uint64_t acknowledged = 0, failed = 0, cancelled = 0, expired = 0, voided = 0;
  std::array<std::uint8_t, 4> partitions{};  // how many are in each BatchPhase, in its order

  std::uint64_t skipped() const { return not_found + not_enrolled + queue_full + already_queued; }
  std::uint64_t ended() const { return acknowledged + failed + cancelled + expired + voided; }
  bool add_up() const { return audience == unexpanded + skipped() + live + ended(); }
  std::uint8_t partitions_in(BatchPhase phase) const {
    return partitions[static_cast<std::size_t>(phase) - 1];
  }
  // Nothing is left to do or to wait for.
  bool is_done() const { return partitions_in(BatchPhase::done) == Partition::count; }

  friend bool operator==(const BatchCounts&, const BatchCounts&) = default;
};

struct Counts {
  std::uint64_t enrolments_pending = 0;
  std::uint64_t enrolments_enrolled = 0;
  std::uint64_t enrolments_ended = 0;
  std::uint64_t deliveries_live = 0;  // queued and sent
  std::uint64_t deliveries_acknowledged = 0;
  std::uint64_t deliveries_failed = 0;
  std::uint64_t deliveries_cancelled = 0;
  std::uint64_t deliveries_expired = 0;
  std::uint64_t deliveries_voided = 0;
  std::uint64_t commands = 0;

  friend bool operator==(const Counts&, const Counts&) = default;
};

}  // namespace reveille::storage
