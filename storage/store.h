#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/mdm/check_in.h"
#include "protocol/mdm/command.h"
#include "protocol/mdm/report.h"
#include "storage/glance.h"
#include "storage/records.h"

// What survives a restart. This is a contract of the domain, not of keys and values, so that each
// engine can serve it in its own way: memory/ is the model, rocksdb/ the embedded default.
namespace reveille::storage {

// Whether commands that the device put off in this round count.
enum class NotNow {
  offer,  // the device says Idle: a new round, all of them are offered again
  skip,   // the device answered: what it put off since its last Idle is not handed out again
};

// What enqueue() did for one enrolment.
enum class Enqueued {
  queued,
  already_queued,  // the queue or the history holds this command: left as it is
  not_found,       // no such enrolment
  not_enrolled,    // pending, or ended
  queue_full,      // queue_commands_max live commands
};

// What record_report() found.
struct Recorded {
  enum class Kind {
    recorded,   // the first end state, or a NotNow that put the command off
    duplicate,  // already ended: nothing changed
    unknown,    // never queued here, or purged: nothing changed
  } kind = Kind::unknown;
  std::string request_type;  // empty when unknown
};

// What a report says, byte for byte: here, or in the pieces that put_report_piece() was given.
class ReportBody {
 public:
  ReportBody(BytesView bytes) : bytes_(bytes) {}
  ReportBody(const Bytes& bytes) : bytes_(bytes) {}
  ReportBody(const char* bytes) : bytes_(bytes) {}
  ReportBody(UploadId upload) : upload_(upload) {}

  BytesView bytes() const { return bytes_; }
  const std::optional<UploadId>& upload() const { return upload_; }

 private:
  BytesView bytes_;
  std::optional<UploadId> upload_;
};

struct QueueState {
  std::size_t ready = 0;    // may be handed out
  std::size_t put_off = 0;  // NotNow since the last Idle
};

// One group of reads and writes: all of it takes effect, or none. A lane runs everything that it
// found waiting in one transaction and answers after commit().
//
// Durability: nothing is durable before commit() returns; then a power cut cannot undo it.
//             Methods marked "relaxed" ask for no sync of their own: after a power cut (not after
//             a kill of the process) they may be undone, latest first.
// Ordering:   reads see this group's own writes; groups follow each other.
// Threads:    one at a time, from the lane that owns the partitions of all records it touches;
//             lanes run theirs side by side. Exceptions say "any lane". commit() blocks on the
//             disk.
// Errors:     unavailable and corrupt from every method; others are listed. After an error other
//             than those listed, drop the transaction.
class Transaction {
 public:
  virtual ~Transaction() = default;

  // ---- enrolments: partition of the enrolment's id ----

  virtual Result<std::optional<Enrolment>> find_enrolment(const mdm::EnrolmentId& enrolment) = 0;

  // Begins a new life at `pending`. An earlier one of the same id ends as superseded, if it had not
  // ended: its queue is void; its tokens, secrets and user channels are gone (a user channel's
  // record stays, as superseded, until its next TokenUpdate). Call bind_certificate() first, in the
  // certificate's partition. Errors: malformed for a user channel, and for an id that is empty, too
  // long or holds ':'.
  virtual Result<Enrolment> authenticate(const mdm::Authenticate& message,
                                         const Sha256& certificate, Time now) = 0;

  // The last token received wins; an absent unlock token leaves the stored one. Enrolled from the
  // first one on; a wake is due when the queue is not empty, and a parked push is revived. The
  // first one of a user channel creates its record; its device must not have ended. A user channel
  // has no Authenticate: after it ended as superseded or checked_out, this begins its next life.
  // An enrolment that ended as unreachable is enrolled again.
  // Errors: not_found; conflict when it (or its device) ended otherwise, or the topic is another;
  // malformed for an id that cannot be stored.
  virtual Result<Enrolment> update_token(const mdm::TokenUpdate& message, Time now) = 0;

  // Ends the enrolment and, for a device, its user channels: queues void, secrets gone. Nothing
  // happens to one that ended before. `reason` is any but superseded, which is what authenticate()
  // does. Errors: not_found.
  virtual Result<void> end_enrolment(const mdm::EnrolmentId& enrolment, EndReason reason,
                                     Time now) = 0;

  // Pins a renewed certificate; the one before is accepted until then. Errors: not_found, conflict
  // when the enrolment has ended.
  virtual Result<void> replace_certificate(const mdm::EnrolmentId& device,
                                           const Sha256& certificate,
                                           Time previous_accepted_until) = 0;

  // The device was heard. Relaxed; written at most once in last_seen_resolution.
  virtual Result<void> touch(const mdm::EnrolmentId& enrolment, Time now) = 0;

  // Ids in byte order, of every partition: any lane; sees committed changes only.
  virtual Result<std::vector<Enrolment>> list_enrolments(const mdm::EnrolmentId& after,
                                                         std::size_t count_max) = 0;

  // ---- secrets of a life, which end with it: partition of the enrolment's id ----

  // The token that a Mac escrows; an empty one takes the stored one away. Sealed at rest.
  // Errors: not_found; conflict when the enrolment has ended.
  virtual Result<void> put_bootstrap_token(const mdm::EnrolmentId& device, BytesView token) = 0;
  virtual Result<std::optional<Bytes>> bootstrap_token(const mdm::EnrolmentId& device) = 0;

  // Of a user channel, also before its first TokenUpdate; nullopt takes it away. It ends with its
  // channel and with its device. Errors: not_found (of the device); conflict when it has ended;
  // overloaded when the device has user_logins_max of other users.
  virtual Result<void> put_user_login(const mdm::Identity& user,
                                      const std::optional<UserLogin>& login) = 0;
  virtual Result<std::optional<UserLogin>> user_login(const mdm::EnrolmentId& user) = 0;

  // ---- commands: put in the partition of their UUID, found from any lane ----

  // Stores the command's bytes once; the same bytes again are no error. Errors: conflict when the
  // UUID is taken by other bytes.
  virtual Result<void> put_command(const mdm::Command& command, Time now) = 0;
  virtual Result<std::optional<mdm::Command>> find_command(const mdm::CommandUuid& command) = 0;

  // ---- queues: partition of the enrolments' ids ----

  // Appends a stored command to each queue; answers by position, the first that fits of not_found,
  // not_enrolled, already_queued, queue_full. An id that repeats answers already_queued. A wake
  // becomes due, unless one was pushed less than wake_coalescing ago and the
  // device has not connected since. Errors: not_found when the command is not stored.
  virtual Result<std::vector<Enqueued>> enqueue(std::span<const mdm::EnrolmentId> enrolments,
                                                const mdm::CommandUuid& command, Time now,
                                                Priority priority = Priority::bulk) = 0;

  // A piece of a report that is too long for one transaction, ahead of the record_report() that
  // names its upload: pieces 0, 1, 2, ... Relaxed: the sync of that record makes them durable, too.
  // What no record follows ends with the enrolment's life, and at the next start.
  // Errors: not_found when the command is not live in this queue; conflict when the piece is not
  // the next one of the upload, or the upload is recorded.
  static constexpr std::size_t report_piece_bytes_max = 256 * 1024;
  virtual Result<void> put_report_piece(const mdm::EnrolmentId& enrolment,
                                        const mdm::CommandUuid& command, UploadId upload,
                                        std::uint32_t piece, BytesView bytes) = 0;
  // Relaxed. Nothing happens to an upload that is unknown, or recorded.
  virtual Result<void> drop_upload(const mdm::EnrolmentId& enrolment, UploadId upload) = 0;

  // A device's answer (not Idle) to a command; `body` is kept with an end state, and an upload that
  // is not kept is dropped. A late or doubled NotNow changes nothing once the command has ended. An
  // acknowledged one that ends_setup() ends the enrolment's awaiting_configuration.
  // Errors: not_found when the enrolment does not exist; conflict when an upload that is to be kept
  // is not there: nothing changes.
  virtual Result<Recorded> record_report(const mdm::EnrolmentId& enrolment,
                                         const mdm::CommandUuid& command, mdm::Status status,
                                         const ReportBody& body, Time now) = 0;

  // The oldest command without an end state, marked sent; nullopt when there is none. A command
  // that was sent and never answered is offered again; one that has expired meets its end instead.
  // One that ends Setup Assistant (ends_setup()) waits for all others, but for those put off.
  // Relaxed. Errors: not_found.
  virtual Result<std::optional<mdm::Command>> next_command(const mdm::EnrolmentId& enrolment,
                                                           NotNow not_now, Time now) = 0;

  virtual Result<QueueState> queue_state(const mdm::EnrolmentId& enrolment) = 0;

  // Errors: not_found; conflict when it has ended, naming the end state.
  virtual Result<void> cancel(const mdm::EnrolmentId& enrolment, const mdm::CommandUuid& command,
                              Time now) = 0;

  // Of this life of the enrolment; for operators. Live ones first, in their order, then ended ones,
  // the last queued first.
  virtual Result<std::vector<Delivery>> deliveries(const mdm::EnrolmentId& enrolment,
                                                   std::size_t count_max) = 0;
  virtual Result<std::optional<Delivery>> find_delivery(const mdm::EnrolmentId& enrolment,
                                                        const mdm::CommandUuid& command) = 0;
  // The report that ended it, byte for byte; nullopt when there is none. Of one that came in pieces
  // this is all of them: ask result_size() first.
  virtual Result<std::optional<Bytes>> find_result(const mdm::EnrolmentId& enrolment,
                                                   const mdm::CommandUuid& command) = 0;
  virtual Result<std::optional<ResultSize>> result_size(const mdm::EnrolmentId& enrolment,
                                                        const mdm::CommandUuid& command) = 0;
  // The same in pieces, as they were put; nullopt when there is none of that number.
  virtual Result<std::optional<Bytes>> result_piece(const mdm::EnrolmentId& enrolment,
                                                    const mdm::CommandUuid& command,
                                                    std::uint32_t piece) = 0;

  // ---- batches: their record in the partition of their id, their work in each partition ----

  // Ids of the partition, stored in pieces before put_batch(): chunks 0, 1, 2, ... without a gap,
  // not empty, of at most audience_chunk_ids_max. Sorted ids are walked fastest; one that repeats
  // is skipped. In the lane of `partition`. What no put_batch() follows is purged at the next
  // start. Relaxed: the sync of put_batch() is theirs, too.
  static constexpr std::size_t audience_chunk_ids_max = 1'024;
  virtual Result<void> put_audience(const BatchId& batch, Partition partition, std::uint32_t chunk,
                                    std::span<const mdm::EnrolmentId> ids) = 0;

  // From then on every partition has work with it; its audience was committed before. The same
  // again is no error, whatever became of it since. Errors: conflict when the id is taken by
  // another order; not_found when the command is not stored.
  virtual Result<void> put_batch(const Batch& batch, Time now) = 0;

  // Each lane sees it at its next step. Errors: not_found; conflict when it is cancelled.
  virtual Result<void> set_batch_state(const BatchId& batch, BatchState state, Time now) = 0;

  // One step of what the batch needs in this partition, over at most `count_max` places of its
  // audience: while it runs, it enqueues; once it is cancelled or has expired, it ends what it
  // enqueued (as cancelled or expired). Paused, or walked to the end: nothing. The cursor and the
  // counts are part of the same commit. In the lane of `partition`; of enrolments that are not
  // committed yet it sees nothing. Errors: not_found.
  virtual Result<BatchStep> advance_batch(Partition partition, const BatchId& batch,
                                          std::size_t count_max, Time now) = 0;

  // Any lane.
  virtual Result<std::optional<Batch>> find_batch(const BatchId& batch) = 0;
  // In the order of their ids: any lane; sees committed changes only.
  virtual Result<std::vector<Batch>> list_batches(const BatchId& after, std::size_t count_max) = 0;
  // Any lane; each partition's share is of one instant. Errors: not_found.
  virtual Result<BatchCounts> batch_counts(const BatchId& batch) = 0;
  // Those that are not done in this partition, in the order of their ids: what to go on with after
  // a restart. Sees committed changes only.
  virtual Result<std::vector<BatchId>> unfinished_batches(Partition partition, const BatchId& after,
                                                          std::size_t count_max) = 0;

  // ---- wakes: each partition for itself ----

  // The wakes due at `now` behind `after`: urgent ones first, then the oldest first; those of one
  // time in an order of the store's own. An enrolment is due because it has work and has not
  // connected, or an operator asked; a parked one because it may be given up. A damaged one has no
  // token.
  virtual Result<std::vector<DueWake>> due_wakes(Partition partition, const WakeCursor& after,
                                                 Time now, std::size_t count_max) = 0;
  // When the next one behind `after` is due, or a time before; nullopt when there is none.
  virtual Result<std::optional<Time>> next_due_at(Partition partition, const WakeCursor& after) = 0;

  // Relaxed. Skipped if of an earlier generation or wake; one that was pushed revives a parked one,
  // and unreachable is skipped unless it is parked.
  virtual Result<void> record_wakes(std::span<const WakeRecord> records, Time now) = 0;

  // Sets or clears the time of the next wake and forgets the attempts: the device has connected.
  // Relaxed. Without a push token nothing is scheduled; while parked it stays as it is.
  virtual Result<void> reschedule_wake(const mdm::EnrolmentId& enrolment,
                                       std::optional<Time> due_at, Time now) = 0;

  // An operator's wake: due now, with or without work. Answers by position: queued (due),
  // not_found, or not_enrolled (no token, parked, ended).
  virtual Result<std::vector<Enqueued>> request_wakes(std::span<const mdm::EnrolmentId> enrolments,
                                                      Time now,
                                                      Priority priority = Priority::bulk) = 0;

  virtual Result<std::optional<WakeState>> wake_state(const mdm::EnrolmentId& enrolment) = 0;

  // What a push needs; nullopt without a token. Of a parked one it has no time. Errors: not_found.
  virtual Result<std::optional<DueWake>> push_target(const mdm::EnrolmentId& enrolment) = 0;

  // ---- identity certificates: partition of the certificate ----

  // One that is recorded already is left as it is.
  virtual Result<void> record_certificate(const IssuedCertificate& certificate) = 0;

  // Any lane. What a certificate is a renewal of, and that of, back to the one that renews nothing:
  // one challenge's. Itself when it renews nothing or was issued elsewhere. It never changes.
  virtual Result<Sha256> first_of_line(const Sha256& certificate) = 0;

  // Ties a certificate to a device for ever; again to the same one is no error. All renewals count
  // as tied with the first of their line, so that is the one to tie: renewals that were tied one by
  // one could speak for as many devices.
  // Errors: conflict when it is tied to another.
  virtual Result<void> bind_certificate(const Sha256& certificate,
                                        const mdm::EnrolmentId& device) = 0;

  // Any lane. A renewed certificate counts as tied to what its predecessor is tied to.
  virtual Result<std::optional<mdm::EnrolmentId>> bound_device(const Sha256& certificate) = 0;

  // Any lane. nullopt when record_certificate() never had it: issued elsewhere.
  virtual Result<std::optional<IssuedCertificate>> find_certificate(const Sha256& certificate) = 0;

  // In byte order, of every partition: any lane; sees committed changes only.
  virtual Result<std::vector<KnownCertificate>> list_certificates(const Sha256& after,
                                                                  std::size_t count_max) = 0;

  // Any lane. Refused from now on, whatever it is tied to; again is no error.
  virtual Result<void> revoke_certificate(const Sha256& certificate, Time now) = 0;
  // All of them, in byte order: there are few.
  virtual Result<std::vector<Sha256>> revoked_certificates() = 0;

  // ---- one-time challenges: partition of the challenge's hash ----

  // One that is known already is left as it is.
  virtual Result<void> add_challenge(const Sha256& challenge, Time expires_at) = 0;

  // Spends the challenge on one public key and one certificate of it (DER), which is kept, and
  // returns that. The same key again gets the same certificate until the challenge expires, since
  // an answer can get lost: `certificate` is of no use then.
  // Errors: unauthorised (unknown, expired, or spent on another key).
  virtual Result<Bytes> spend_challenge(const Sha256& challenge, const Sha256& public_key,
                                        BytesView certificate, Time now) = 0;

  // Known, not expired, and not spent on any key: the link it is part of may still be opened.
  virtual Result<bool> challenge_is_open(const Sha256& challenge, Time now) = 0;

  // ---- push certificates: any lane, last writer wins ----

  virtual Result<void> put_push_certificate(const PushCertificateRecord& record) = 0;
  virtual Result<std::vector<PushCertificateRecord>> push_certificates() = 0;

  // Makes the group durable. After unavailable, whether it took effect is unknown.
  virtual Result<void> commit() = 0;
};

struct StoreOptions {
  std::chrono::milliseconds wake_coalescing{10'000};
  std::chrono::milliseconds last_seen_resolution{600'000};
  std::size_t queue_commands_max = 1'000;  // live commands of one enrolment
  std::size_t user_logins_max = 4'096;     // users of one device who have logged in
};

class Store {
 public:
  virtual ~Store() = default;

  // Borrows the store.
  virtual std::unique_ptr<Transaction> begin() = 0;

  // Any thread, at any time; of committed changes. Never waits, for the disk or for a transaction:
  // nullopt also when memory alone does not tell, so that nothing follows from it.
  virtual std::optional<Glance> glance(const mdm::EnrolmentId& enrolment, Time now) const = 0;

  // Any thread, at any time; of committed changes.
  virtual Counts counts() const = 0;

  // Any thread. A write has failed: what it did is unknown, and every commit is refused until the
  // store is opened anew. A disk that is nearly full refuses commits without this.
  virtual bool broken() const { return false; }
};

}  // namespace reveille::storage
