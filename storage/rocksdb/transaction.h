#pragma once

#include <map>
#include <unordered_map>

#include "storage/rocksdb/live_queue.h"
#include "storage/rocksdb/rows.h"
#include "storage/store.h"

namespace reveille::storage::rocks {

// Collects its writes and hands them to RocksDB in commit(), as one batch. Split by subject:
// transaction_enrolments.cpp, _secrets.cpp, _queue.cpp, _reports.cpp, _batches.cpp, _wakes.cpp,
// _certificates.cpp; what they share is in transaction.cpp.
class RocksdbTransaction final : public Transaction {
 public:
  explicit RocksdbTransaction(Database& database) : database_(database), rows_(database) {}

  Result<std::optional<Enrolment>> find_enrolment(const mdm::EnrolmentId& enrolment) override;
  Result<Enrolment> authenticate(const mdm::Authenticate& message, const Sha256& certificate,
                                 Time now) override;
  Result<Enrolment> update_token(const mdm::TokenUpdate& message, Time now) override;
  Result<void> end_enrolment(const mdm::EnrolmentId& enrolment, EndReason reason,
                             Time now) override;
  Result<void> replace_certificate(const mdm::EnrolmentId& device, const Sha256& certificate,
                                   Time previous_accepted_until) override;
  Result<void> touch(const mdm::EnrolmentId& enrolment, Time now) override;
  Result<std::vector<Enrolment>> list_enrolments(const mdm::EnrolmentId& after,
                                                 std::size_t count_max) override;

  Result<void> put_bootstrap_token(const mdm::EnrolmentId& device, BytesView token) override;
  Result<std::optional<Bytes>> bootstrap_token(const mdm::EnrolmentId& device) override;
  Result<void> put_user_login(const mdm::Identity& user,
                              const std::optional<UserLogin>& login) override;
  Result<std::optional<UserLogin>> user_login(const mdm::EnrolmentId& user) override;

  Result<void> put_command(const mdm::Command& command, Time now) override;
  Result<std::optional<mdm::Command>> find_command(const mdm::CommandUuid& command) override;

  Result<std::vector<Enqueued>> enqueue(std::span<const mdm::EnrolmentId> enrolments,
                                        const mdm::CommandUuid& command, Time now,
                                        Priority priority) override;
  Result<void> put_report_piece(const mdm::EnrolmentId& enrolment, const mdm::CommandUuid& command,
                                UploadId upload, std::uint32_t piece, BytesView bytes) override;
  Result<void> drop_upload(const mdm::EnrolmentId& enrolment, UploadId upload) override;
  Result<Recorded> record_report(const mdm::EnrolmentId& enrolment, const mdm::CommandUuid& command,
                                 mdm::Status status, const ReportBody& body, Time now) override;
  Result<std::optional<mdm::Command>> next_command(const mdm::EnrolmentId& enrolment,
                                                   NotNow not_now, Time now) override;
  Result<QueueState> queue_state(const mdm::EnrolmentId& enrolment) override;
  Result<void> cancel(const mdm::EnrolmentId& enrolment, const mdm::CommandUuid& command,
                      Time now) override;
  Result<std::vector<Delivery>> deliveries(const mdm::EnrolmentId& enrolment,
                                           std::size_t count_max) override;
  Result<std::optional<Delivery>> find_delivery(const mdm::EnrolmentId& enrolment,
                                                const mdm::CommandUuid& command) override;
  Result<std::optional<Bytes>> find_result(const mdm::EnrolmentId& enrolment,
                                           const mdm::CommandUuid& command) override;
  Result<std::optional<ResultSize>> result_size(const mdm::EnrolmentId& enrolment,
                                                const mdm::CommandUuid& command) override;
  Result<std::optional<Bytes>> result_piece(const mdm::EnrolmentId& enrolment,
                                            const mdm::CommandUuid& command,
                                            std::uint32_t piece) override;

  Result<void> put_audience(const BatchId& batch, Partition partition, std::uint32_t chunk,
                            std::span<const mdm::EnrolmentId> ids) override;
  Result<void> put_batch(const Batch& batch, Time now) override;
  Result<void> set_batch_state(const BatchId& batch, BatchState state, Time now) override;
  Result<BatchStep> advance_batch(Partition partition, const BatchId& batch, std::size_t count_max,
                                  Time now) override;
  Result<std::optional<Batch>> find_batch(const BatchId& batch) override;
  Result<std::vector<Batch>> list_batches(const BatchId& after, std::size_t count_max) override;
  Result<BatchCounts> batch_counts(const BatchId& batch) override;
  Result<std::vector<BatchId>> unfinished_batches(Partition partition, const BatchId& after,
                                                  std::size_t count_max) override;

  Result<std::vector<DueWake>> due_wakes(Partition partition, const WakeCursor& after, Time now,
                                         std::size_t count_max) override;
  Result<std::optional<Time>> next_due_at(Partition partition, const WakeCursor& after) override;
  Result<void> record_wakes(std::span<const WakeRecord> records, Time now) override;
  Result<void> reschedule_wake(const mdm::EnrolmentId& enrolment, std::optional<Time> due_at,
                               Time now) override;
  Result<std::vector<Enqueued>> request_wakes(std::span<const mdm::EnrolmentId> enrolments,
                                              Time now, Priority priority) override;
  Result<std::optional<WakeState>> wake_state(const mdm::EnrolmentId& enrolment) override;
  Result<std::optional<DueWake>> push_target(const mdm::EnrolmentId& enrolment) override;

  Result<void> record_certificate(const IssuedCertificate& certificate) override;
  Result<Sha256> first_of_line(const Sha256& certificate) override;
  Result<void> bind_certificate(const Sha256& certificate, const mdm::EnrolmentId& device) override;
  Result<std::optional<mdm::EnrolmentId>> bound_device(const Sha256& certificate) override;
  Result<std::optional<IssuedCertificate>> find_certificate(const Sha256& certificate) override;
  Result<std::vector<KnownCertificate>> list_certificates(const Sha256& after,
                                                          std::size_t count_max) override;
  Result<void> revoke_certificate(const Sha256& certificate, Time now) override;
  Result<std::vector<Sha256>> revoked_certificates() override;

  Result<void> add_challenge(const Sha256& challenge, Time expires_at) override;
  Result<Bytes> spend_challenge(const Sha256& challenge, const Sha256& public_key,
                                BytesView certificate, Time now) override;
  Result<bool> challenge_is_open(const Sha256& challenge, Time now) override;

  Result<void> put_push_certificate(const PushCertificateRecord& record) override;
  Result<std::vector<PushCertificateRecord>> push_certificates() override;

  Result<void> commit() override;

 private:
  // ---- shared: transaction.cpp ----

  // What a method answers: the value, unless a row could not be read meanwhile.
  template <typename Value>
  Result<Value> finish(Value value) const {
    if (rows_.failure()) return std::unexpected(*rows_.failure());
    return value;
  }
  Result<void> finish() const;
  // The refusal, unless it rests on a row that could not be read.
  std::unexpected<Error> refuse(ErrorCode code, std::string detail) const;
  std::unexpected<Error> no_enrolment(const mdm::EnrolmentId& id) const;

  std::optional<Enrolment> read_enrolment(const mdm::EnrolmentId& id);
  void write(const mdm::EnrolmentId& id, const Enrolment& enrolment);

  // Nearly every method looks at the schedule and many change it, several of them for one device in
  // one transaction. So it is read and decoded once, changed in place, and encoded once, at the end.
  struct ScheduleInUse {
    Schedule row;
    const mdm::EnrolmentId* id = nullptr;
    Partition partition;
    bool changed = false;  // whoever changes `row` says so, or the change is lost
  };
  ScheduleInUse& use(const mdm::EnrolmentId& id, Schedule row);
  // nullptr when there is none.
  ScheduleInUse* find_schedule(const mdm::EnrolmentId& id);
  // Of an enrolment that exists; without its schedule the database is corrupt.
  ScheduleInUse& schedule_of(const mdm::EnrolmentId& id);
  // Reads those that are not in use yet together, so that they are found at once.
  void read_schedules(std::span<const mdm::EnrolmentId> ids);
  void begin_schedule(const mdm::EnrolmentId& id, std::uint32_t generation);
  // For reading alone.
  const Schedule* look_at_schedule(const mdm::EnrolmentId& id);

  // One that was read in passing: a walk must not gather a fleet in memory.
  void forget_unchanged(const mdm::EnrolmentId& id);

  // In the order of their keys, which is how RocksDB takes them fastest.
  std::vector<const ScheduleInUse*> changed_schedules() const;
  rocksdb::WriteBatch take_rows();

  // The command, decoded once for all the devices of a transaction that get the same.
  const CommandRow* find_command_row(const mdm::CommandUuid& command);

  void count(Partition partition, Counter counter, std::int64_t change);
  void must_sync() { durability_ = Durability::synced; }

  // The wake's place before, if any, is left: see scan_due().
  void set_due(ScheduleInUse& schedule, std::optional<Time> due_at,
               Priority priority = Priority::bulk);
  // Due now, or as it was when it was due already: its push may be under way, and its record must
  // still find it.
  void make_due(ScheduleInUse& schedule, Time now, Priority priority);

  // ---- enrolments ----

  std::vector<mdm::EnrolmentId> user_channels_of(const mdm::EnrolmentId& device);
  // All but writing the enrolment's record.
  void end_one(Enrolment& enrolment, EndReason reason, Time now);
  // Takes away the queue and the deliveries of a life that nobody can ask for any more, and counts
  // as void what was live.
  void forget_life(const mdm::EnrolmentId& id);
  // Tells the batches of what is live that it is void.
  void count_voided(const mdm::EnrolmentId& id, BytesView life, ScheduleInUse& schedule);
  void end_user_channels(const mdm::EnrolmentId& device, EndReason reason, Time now);
  void write_secrets(const mdm::TokenUpdate& message, Time now);
  std::vector<mdm::EnrolmentId> user_logins_of(const mdm::EnrolmentId& device);
  // Of the device and its users, or of the one user.
  void forget_user_logins(const mdm::EnrolmentId& enrolment);
  Bytes seal(Table table, BytesView key, BytesView plain);
  std::optional<Bytes> unseal(Table table, BytesView key, BytesView sealed);

  // ---- queue ----

  // What is queued: the same for many enrolments.
  struct Order {
    const mdm::CommandUuid& command;
    NewDelivery delivery;
    Priority priority;
    bool is_of_batch = false;
  };
  // And for whom.
  struct Target {
    ScheduleInUse* schedule = nullptr;  // nullptr: no such enrolment
    Bytes life;
    bool has_held_command = false;  // or holds it, outside its schedule
  };
  std::vector<Enqueued> enqueue_all(std::span<const mdm::EnrolmentId> ids, const Order& order,
                                    Time now);
  Enqueued enqueue_one(const Target& target, const Order& order, Time now);
  // The first live delivery that was not put off in this round; one that ends Setup Assistant when
  // there is no other.
  std::optional<DeliveryRow> next_ready(BytesView life, ScheduleInUse& schedule);
  void leave_setup(const mdm::EnrolmentId& id);
  // The last queued first.
  std::vector<DeliveryRow> ended_deliveries(BytesView life);
  void put_off(BytesView life, ScheduleInUse& schedule, DeliveryRow& row);
  // The end of a live delivery.
  void end_delivery(const mdm::EnrolmentId& id, BytesView life, ScheduleInUse& schedule,
                    DeliveryRow& row, DeliveryState state, Time now);
  void void_queue(const mdm::EnrolmentId& id, ScheduleInUse& schedule, Time now);

  // ---- reports ----

  // False: it came in pieces, and they are not there.
  bool keep_report(BytesView life, const mdm::CommandUuid& command, const ReportBody& body);
  void forget_upload(BytesView life, UploadId upload);
  void forget_report(BytesView life, BytesView key, const LongReport& report);
  // Of a life that nobody can ask for any more, also what was still coming.
  void forget_long_results(BytesView life);
  std::optional<LongReport> find_long_report(const mdm::EnrolmentId& enrolment,
                                             const mdm::CommandUuid& command);
  std::optional<Bytes> short_result(const mdm::EnrolmentId& enrolment,
                                    const mdm::CommandUuid& command);

  // ---- batches ----

  // Changed by every delivery of a batch that begins or ends, and written once, at the end.
  struct ProgressInUse {
    BatchProgress row;
    bool changed = false;  // as in ScheduleInUse
  };
  // nullptr when there is none.
  ProgressInUse* find_progress(Partition partition, const BatchId& batch);
  void count_end(Partition partition, const BatchId& batch, DeliveryState state);
  void write_progress();

  // The next places of an audience.
  struct Walked {
    std::vector<mdm::EnrolmentId> ids;
    std::size_t places = 0;
    bool is_whole = false;  // the audience ended before count_max
  };
  Walked walk_audience(const Batch& batch, Partition partition, AudiencePlace& at,
                       std::size_t count_max);
  void walk_ids(const BatchId& batch, Partition partition, AudiencePlace& at,
                std::size_t count_max, Walked& walked);
  void walk_all(AudienceKind audience, Partition partition, AudiencePlace& at,
                std::size_t count_max, Walked& walked);
  void expand(const Batch& batch, Partition partition, BatchProgress& progress, BatchStep& step,
              std::size_t count_max, Time now);
  void withdraw(const Batch& batch, Partition partition, BatchProgress& progress, BatchStep& step,
                std::size_t count_max, Time now);
  bool withdraw_one(const mdm::EnrolmentId& id, const Batch& batch, Time now);

  // ---- wakes ----

  std::optional<Time> work_expires_at(const mdm::EnrolmentId& id, Schedule& schedule);
  std::optional<DueWake> due_wake(const mdm::EnrolmentId& id, BytesView key, BytesView secret_row);
  // Of enrolments with a push token, whose schedules were read; nullopt: damaged.
  std::vector<std::optional<DueWake>> read_due_wakes(std::span<const WakeCursor> due);
  // The same; what is damaged has its name and time alone.
  std::vector<DueWake> due_wakes_of(std::span<const WakeCursor> due);

  using VisitDue = std::function<bool(WakeCursor due)>;
  struct DueWalk {
    Priority priority;
    WakeCursor after;
    const VisitDue& visit;
    std::optional<Time> first = {};  // nothing earlier is due
    bool is_over = false;
    std::optional<Time> stopped_at = {};
    std::size_t stale = 0;
    std::size_t together = 4;                          // schedules read at once
    std::vector<std::pair<Bytes, Bytes>> tidied = {};  // blocks' new values; empty: gone

    void stop(Time due_at) {
      if (!first) first = due_at;
      stopped_at = due_at;
      is_over = true;
    }
  };
  // Wakes of this priority behind `after`, of blocks not later than `until`, oldest first, until
  // `visit` answers false. Takes away blocks that are mostly stale. Answers the time of the first
  // block that it left unread: a later one than `until`, or after much that was stale.
  std::optional<Time> scan_due(Partition partition, Priority priority, const WakeCursor& after,
                               Time until, const VisitDue& visit);
  void visit_block(DueWalk& walk, BytesView key, const DuePlace& place,
                   std::span<const BytesView> ids);
  // Whether its wake is of this time and priority, and named by this block.
  bool is_due_at(const mdm::EnrolmentId& id, Priority priority, const DuePlace& place);
  // Those that became due in this transaction, as a block for each time.
  void write_due(Partition partition, Priority priority);
  void record_wake(const WakeRecord& record, Time now);
  void set_parked(const mdm::EnrolmentId& id, ScheduleInUse& schedule, bool is_parked);

  Database& database_;
  Rows rows_;
  // A reference stays valid until a walk forgets what it has not changed.
  std::unordered_map<mdm::EnrolmentId, ScheduleInUse> schedules_;
  std::optional<std::pair<mdm::CommandUuid, CommandRow>> last_command_;
  CounterDeltas deltas_{};
  std::unordered_map<Bytes, ProgressInUse> progress_;  // by key; a reference stays valid

  struct DueChanges {
    std::map<Time, std::vector<ScheduleInUse*>> added;  // not written yet
    std::optional<Time> earliest;                       // of all that it added
    bool moved = false;
  };
  DueChanges& due_changes(Partition partition, Priority priority) {
    return (priority == Priority::urgent ? urgent_changes_ : bulk_changes_)[partition.index];
  }
  std::array<DueChanges, Partition::count> urgent_changes_{}, bulk_changes_{};
  std::optional<std::uint64_t> due_block_;  // of all that becomes due in this transaction
  Durability durability_ = Durability::relaxed;
  bool committed_ = false;
};

}  // namespace reveille::storage::rocks
