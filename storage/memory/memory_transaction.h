#pragma once

#include <mutex>

#include "storage/memory/memory_state.h"
#include "storage/store.h"

namespace reveille::storage::memory {

// Holds the store's mutex for its whole life, and its changes in overlays until commit().
class MemoryTransaction final : public Transaction {
 public:
  MemoryTransaction(const StoreOptions& options, std::unique_lock<std::mutex> lock, State& state,
                    CommittedCounts& counts);

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
  // `batch`: the one that queues it, or nullptr.
  Enqueued enqueue_one(const mdm::EnrolmentId& id, const mdm::Command& command, Time now,
                       Priority priority, const Batch* batch);
  void end_record(EnrolmentRecord& record, EndReason reason, Time now);
  std::vector<mdm::EnrolmentId> user_channels_of(const mdm::EnrolmentId& device) const;
  std::vector<mdm::EnrolmentId> user_logins_of(const mdm::EnrolmentId& device) const;
  // Of the device and its users, or of the one user.
  void forget_user_logins(const mdm::EnrolmentId& enrolment);
  std::vector<WakeCursor> due_behind(Partition partition, const WakeCursor& after) const;

  struct Walked {
    std::vector<mdm::EnrolmentId> ids;
    std::size_t places = 0;
    bool is_whole = false;  // the audience ended before count_max
  };
  Walked walk_audience(const Batch& batch, Partition partition, AudiencePlace& at,
                       std::size_t count_max) const;
  void expand(const Batch& batch, Partition partition, BatchShare& share, BatchStep& step,
              std::size_t count_max, Time now);
  void withdraw(const Batch& batch, Partition partition, BatchShare& share, BatchStep& step,
                std::size_t count_max, Time now);
  BatchCounts counts_in(Partition partition, const BatchRecord& record) const;
  BatchPhase phase_in(Partition partition, const BatchRecord& record) const;

  const StoreOptions& options_;
  std::unique_lock<std::mutex> lock_;
  CommittedCounts& counts_;
  Overlay<mdm::EnrolmentId, EnrolmentRecord> enrolments_;
  Overlay<mdm::EnrolmentId, std::optional<UserLogin>> user_logins_;
  Overlay<mdm::CommandUuid, mdm::Command> commands_;
  Overlay<BatchId, BatchRecord> batches_;
  Overlay<AudienceKey, std::vector<mdm::EnrolmentId>> audiences_;
  Overlay<Sha256, CertificateRecord> certificates_;
  Overlay<Sha256, ChallengeRecord> challenges_;
  Overlay<std::string, PushCertificateRecord> push_certificates_;
};

}  // namespace reveille::storage::memory
