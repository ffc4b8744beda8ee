#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "storage/memory/memory_store.h"

namespace reveille::storage {

// The memory store, whose commits can be told to fail: `unavailable`, and nothing has changed. As
// on a full disk, until it is mended; or for good, as after a failed write.
class BreakableStore final : public Store {
 public:
  std::unique_ptr<Transaction> begin() override;
  std::optional<Glance> glance(const mdm::EnrolmentId& enrolment, Time now) const override {
    return broken_ ? std::nullopt : store_->glance(enrolment, now);
  }
  Counts counts() const override { return store_->counts(); }

  bool broken() const override { return for_good_; }

  void break_commits() { broken_ = true; }
  void break_for_good() { for_good_ = broken_ = true; }
  void mend() { broken_ = false; }

 private:
  class BreakableTransaction;

  std::unique_ptr<Store> store_ = make_memory_store({});
  std::atomic<bool> broken_{false}, for_good_{false};
};

// Hands everything on but the commit.
class BreakableStore::BreakableTransaction final : public Transaction {
 public:
  BreakableTransaction(std::unique_ptr<Transaction> transaction, const std::atomic<bool>& broken)
      : transaction_(std::move(transaction)), broken_(broken) {}

  Result<void> commit() override {
    if (broken_) return failure(ErrorCode::unavailable, "the disk is full");
    return transaction_->commit();
  }

  Result<std::optional<Enrolment>> find_enrolment(const mdm::EnrolmentId& enrolment) override {
    return transaction_->find_enrolment(enrolment);
  }
  Result<Enrolment> authenticate(const mdm::Authenticate& message, const Sha256& certificate,
                                 Time now) override {
    return transaction_->authenticate(message, certificate, now);
  }
  Result<Enrolment> update_token(const mdm::TokenUpdate& message, Time now) override {
    return transaction_->update_token(message, now);
  }
  Result<void> end_enrolment(const mdm::EnrolmentId& enrolment, EndReason reason,
                             Time now) override {
    return transaction_->end_enrolment(enrolment, reason, now);
  }
  Result<void> replace_certificate(const mdm::EnrolmentId& device, const Sha256& certificate,
                                   Time previous_accepted_until) override {
    return transaction_->replace_certificate(device, certificate, previous_accepted_until);
  }
  Result<void> touch(const mdm::EnrolmentId& enrolment, Time now) override {
    return transaction_->touch(enrolment, now);
  }
  Result<std::vector<Enrolment>> list_enrolments(const mdm::EnrolmentId& after,
                                                 std::size_t count_max) override {
    return transaction_->list_enrolments(after, count_max);
  }
  Result<void> put_bootstrap_token(const mdm::EnrolmentId& device, BytesView token) override {
    return transaction_->put_bootstrap_token(device, token);
  }
  Result<std::optional<Bytes>> bootstrap_token(const mdm::EnrolmentId& device) override {
    return transaction_->bootstrap_token(device);
  }
  Result<void> put_user_login(const mdm::Identity& user,
                              const std::optional<UserLogin>& login) override {
    return transaction_->put_user_login(user, login);
  }
  Result<std::optional<UserLogin>> user_login(const mdm::EnrolmentId& user) override {
    return transaction_->user_login(user);
  }
  Result<void> put_command(const mdm::Command& command, Time now) override {
    return transaction_->put_command(command, now);
  }
  Result<std::optional<mdm::Command>> find_command(const mdm::CommandUuid& command) override {
    return transaction_->find_command(command);
  }
  Result<std::vector<Enqueued>> enqueue(std::span<const mdm::EnrolmentId> enrolments,
                                        const mdm::CommandUuid& command, Time now,
                                        Priority priority) override {
    return transaction_->enqueue(enrolments, command, now, priority);
  }
  Result<void> put_report_piece(const mdm::EnrolmentId& enrolment, const mdm::CommandUuid& command,
                                UploadId upload, std::uint32_t piece, BytesView bytes) override {
    return transaction_->put_report_piece(enrolment, command, upload, piece, bytes);
  }
  Result<void> drop_upload(const mdm::EnrolmentId& enrolment, UploadId upload) override {
    return transaction_->drop_upload(enrolment, upload);
  }
  Result<Recorded> record_report(const mdm::EnrolmentId& enrolment, const mdm::CommandUuid& command,
                                 mdm::Status status, const ReportBody& body, Time now) override {
    return transaction_->record_report(enrolment, command, status, body, now);
  }
  Result<std::optional<mdm::Command>> next_command(const mdm::EnrolmentId& enrolment,
                                                   NotNow not_now, Time now) override {
    return transaction_->next_command(enrolment, not_now, now);
  }
  Result<QueueState> queue_state(const mdm::EnrolmentId& enrolment) override {
    return transaction_->queue_state(enrolment);
  }
  Result<void> cancel(const mdm::EnrolmentId& enrolment, const mdm::CommandUuid& command,
                      Time now) override {
    return transaction_->cancel(enrolment, command, now);
  }
  Result<std::vector<Delivery>> deliveries(const mdm::EnrolmentId& enrolment,
                                           std::size_t count_max) override {
    return transaction_->deliveries(enrolment, count_max);
  }
  Result<std::optional<Delivery>> find_delivery(const mdm::EnrolmentId& enrolment,
                                                const mdm::CommandUuid& command) override {
    return transaction_->find_delivery(enrolment, command);
  }
  Result<std::optional<Bytes>> find_result(const mdm::EnrolmentId& enrolment,
                                           const mdm::CommandUuid& command) override {
    return transaction_->find_result(enrolment, command);
  }
  Result<std::optional<ResultSize>> result_size(const mdm::EnrolmentId& enrolment,
                                                const mdm::CommandUuid& command) override {
    return transaction_->result_size(enrolment, command);
  }
  Result<std::optional<Bytes>> result_piece(const mdm::EnrolmentId& enrolment,
                                            const mdm::CommandUuid& command,
                                            std::uint32_t piece) override {
    return transaction_->result_piece(enrolment, command, piece);
  }
  Result<void> put_audience(const BatchId& batch, Partition partition, std::uint32_t chunk,
                            std::span<const mdm::EnrolmentId> ids) override {
    return transaction_->put_audience(batch, partition, chunk, ids);
  }
  Result<void> put_batch(const Batch& batch, Time now) override {
    return transaction_->put_batch(batch, now);
  }
  Result<void> set_batch_state(const BatchId& batch, BatchState state, Time now) override {
    return transaction_->set_batch_state(batch, state, now);
  }
  Result<BatchStep> advance_batch(Partition partition, const BatchId& batch, std::size_t count_max,
                                  Time now) override {
    return transaction_->advance_batch(partition, batch, count_max, now);
  }
  Result<std::optional<Batch>> find_batch(const BatchId& batch) override {
    return transaction_->find_batch(batch);
  }
  Result<std::vector<Batch>> list_batches(const BatchId& after, std::size_t count_max) override {
    return transaction_->list_batches(after, count_max);
  }
  Result<BatchCounts> batch_counts(const BatchId& batch) override {
    return transaction_->batch_counts(batch);
  }
  Result<std::vector<BatchId>> unfinished_batches(Partition partition, const BatchId& after,
                                                  std::size_t count_max) override {
    return transaction_->unfinished_batches(partition, after, count_max);
  }
  Result<std::vector<DueWake>> due_wakes(Partition partition, const WakeCursor& after, Time now,
                                         std::size_t count_max) override {
    return transaction_->due_wakes(partition, after, now, count_max);
  }
  Result<std::optional<Time>> next_due_at(Partition partition, const WakeCursor& after) override {
    return transaction_->next_due_at(partition, after);
  }
  Result<void> record_wakes(std::span<const WakeRecord> records, Time now) override {
    return transaction_->record_wakes(records, now);
  }
  Result<void> reschedule_wake(const mdm::EnrolmentId& enrolment, std::optional<Time> due_at,
                               Time now) override {
    return transaction_->reschedule_wake(enrolment, due_at, now);
  }
  Result<std::vector<Enqueued>> request_wakes(std::span<const mdm::EnrolmentId> enrolments,
                                              Time now, Priority priority) override {
    return transaction_->request_wakes(enrolments, now, priority);
  }
  Result<std::optional<WakeState>> wake_state(const mdm::EnrolmentId& enrolment) override {
    return transaction_->wake_state(enrolment);
  }
  Result<std::optional<DueWake>> push_target(const mdm::EnrolmentId& enrolment) override {
    return transaction_->push_target(enrolment);
  }
  Result<void> record_certificate(const IssuedCertificate& certificate) override {
    return transaction_->record_certificate(certificate);
  }
  Result<Sha256> first_of_line(const Sha256& certificate) override {
    return transaction_->first_of_line(certificate);
  }
  Result<void> bind_certificate(const Sha256& certificate,
                                const mdm::EnrolmentId& device) override {
    return transaction_->bind_certificate(certificate, device);
  }
  Result<std::optional<mdm::EnrolmentId>> bound_device(const Sha256& certificate) override {
    return transaction_->bound_device(certificate);
  }
  Result<std::optional<IssuedCertificate>> find_certificate(const Sha256& certificate) override {
    return transaction_->find_certificate(certificate);
  }
  Result<std::vector<KnownCertificate>> list_certificates(const Sha256& after,
                                                          std::size_t count_max) override {
    return transaction_->list_certificates(after, count_max);
  }
  Result<void> revoke_certificate(const Sha256& certificate, Time now) override {
    return transaction_->revoke_certificate(certificate, now);
  }
  Result<std::vector<Sha256>> revoked_certificates() override {
    return transaction_->revoked_certificates();
  }
  Result<void> add_challenge(const Sha256& challenge, Time expires_at) override {
    return transaction_->add_challenge(challenge, expires_at);
  }
  Result<Bytes> spend_challenge(const Sha256& challenge, const Sha256& public_key,
                                BytesView certificate, Time now) override {
    return transaction_->spend_challenge(challenge, public_key, certificate, now);
  }
  Result<bool> challenge_is_open(const Sha256& challenge, Time now) override {
    return transaction_->challenge_is_open(challenge, now);
  }
  Result<void> put_push_certificate(const PushCertificateRecord& record) override {
    return transaction_->put_push_certificate(record);
  }
  Result<std::vector<PushCertificateRecord>> push_certificates() override {
    return transaction_->push_certificates();
  }

 private:
  std::unique_ptr<Transaction> transaction_;
  const std::atomic<bool>& broken_;
};

inline std::unique_ptr<Transaction> BreakableStore::begin() {
  return std::make_unique<BreakableTransaction>(store_->begin(), broken_);
}

}  // namespace reveille::storage
