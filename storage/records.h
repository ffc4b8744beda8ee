#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

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
  bool push_parked = false;  // APNs refused the token: no wake until the next TokenUpdate
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

  friend bool operator==(const Delivery&, const Delivery&) = default;
};

// An enrolment that has work, or was asked for, and should be pushed.
struct DueWake {
  mdm::EnrolmentId enrolment;
  std::uint32_t generation = 0;
  Time due_at{};
  std::uint32_t attempts = 0;  // pushes since the device last connected
  std::string topic;
  mdm::PushToken push_token;
  mdm::PushMagic push_magic;
  Time token_updated_at{};
};

// Where a reader of due wakes stands; the default stands before the first.
struct WakeCursor {
  Time due_at{};
  mdm::EnrolmentId enrolment;
};

// What became of a push.
struct WakeRecord {
  mdm::EnrolmentId enrolment;
  std::uint32_t generation = 0;
  Time due_at{};  // as DueWake had it: a record that changed meanwhile is left as it is
  enum class Outcome : std::uint8_t {
    pushed,     // count an attempt, due again at next_due_at
    postponed,  // not pushed: due again at next_due_at
    parked,     // token unusable or dead: no wake until the next TokenUpdate
  } outcome = Outcome::pushed;
  Time next_due_at{};
  std::string apns_reason;  // "" or APNs' reason, kept for operators
};

// The schedule of one enrolment, for operators.
struct WakeState {
  std::optional<Time> due_at;  // nullopt: nothing to do, or parked
  std::uint32_t attempts = 0;
  Time last_pushed_at{};  // epoch: never
  std::string last_apns_reason;
  Time last_seen_at{};  // within last_seen_resolution
};

struct IssuedCertificate {
  Sha256 sha256;
  std::string serial_hex;
  Time issued_at{};
  Time not_after{};
  std::optional<Sha256> renews;  // the certificate that signed the renewal
};

struct PushCertificateRecord {
  std::string topic;
  std::string certificate_pem;  // certificate and private key: sealed at rest, in no log
  Time not_after{};
  Time stored_at{};
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
