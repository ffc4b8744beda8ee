#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "storage/batch_step.h"
#include "storage/store.h"

// What the memory store holds, in the plainest containers that will do.
namespace reveille::storage::memory {

struct QueueEntry {
  Delivery delivery;
  bool put_off = false;  // NotNow since the last Idle
  std::vector<Bytes> result;       // its pieces; empty: there is none
  std::optional<UploadId> upload;  // that brought them
};

// All that belongs to one id. Only the current life can be asked for; of earlier ones the count of
// their deliveries is left.
struct EnrolmentRecord {
  Enrolment enrolment;
  mdm::PushToken push_token;
  mdm::PushMagic push_magic;
  std::optional<Bytes> unlock_token;
  std::optional<Bytes> bootstrap_token;
  std::vector<QueueEntry> entries;  // in the order they were queued, ended ones too
  std::map<UploadId, std::vector<Bytes>> uploads;
  WakeState wake;
  Counts earlier_lives;
  std::map<std::pair<BatchId, DeliveryState>, std::uint64_t> earlier_batches;
};

// What one partition has done of a batch.
struct BatchShare {
  BatchPhase phase = BatchPhase::expanding;  // expanded with nothing live is done
  AudiencePlace expanded_to, withdrawn_to;
  BatchCounts skipped;  // these alone
};

struct BatchRecord {
  Batch batch;
  std::array<BatchShare, Partition::count> shares;
};

using AudienceKey = std::tuple<BatchId, std::uint8_t, std::uint32_t>;  // batch, partition, chunk

struct CertificateRecord {
  std::optional<IssuedCertificate> issued;
  std::optional<mdm::EnrolmentId> device;
  bool revoked = false;
};

struct ChallengeRecord {
  Time expires_at{};
  std::optional<Sha256> spent_on;
  std::optional<Bytes> certificate;
};

// Guarded by the store's mutex, which a transaction holds from begin() to its end.
struct State {
  std::map<mdm::EnrolmentId, EnrolmentRecord> enrolments;
  std::map<mdm::EnrolmentId, std::optional<UserLogin>> user_logins;  // nullopt: taken away
  std::map<mdm::CommandUuid, mdm::Command> commands;
  std::map<BatchId, BatchRecord> batches;
  std::map<AudienceKey, std::vector<mdm::EnrolmentId>> audiences;
  std::map<Sha256, CertificateRecord> certificates;
  std::map<Sha256, ChallengeRecord> challenges;
  std::map<std::string, PushCertificateRecord> push_certificates;  // by topic
};

// A map with uncommitted changes laid over it: a dropped overlay leaves nothing.
template <typename Key, typename Value>
class Overlay {
 public:
  explicit Overlay(std::map<Key, Value>& committed) : committed_(committed) {}

  const Value* find(const Key& key) const {
    if (const auto it = changed_.find(key); it != changed_.end()) return &it->second;
    return find_committed(key);
  }

  const Value* find_committed(const Key& key) const {
    const auto it = committed_.find(key);
    return it == committed_.end() ? nullptr : &it->second;
  }

  // The value to change: a copy of the committed one, or a new one. References stay valid.
  Value& edit(const Key& key) {
    if (const auto it = changed_.find(key); it != changed_.end()) return it->second;
    const Value* before = find_committed(key);
    return changed_.emplace(key, before ? *before : Value{}).first->second;
  }

  // In key order, own changes included.
  std::vector<Key> keys() const {
    std::map<Key, bool> all;
    for (const auto& [key, value] : committed_) all.emplace(key, true);
    for (const auto& [key, value] : changed_) all.emplace(key, true);
    std::vector<Key> keys;
    for (const auto& [key, present] : all) keys.push_back(key);
    return keys;
  }

  const std::map<Key, Value>& committed() const { return committed_; }
  const std::map<Key, Value>& changed() const { return changed_; }

  void commit() {
    for (auto& [key, value] : changed_) committed_.insert_or_assign(key, std::move(value));
    changed_.clear();
  }

 private:
  std::map<Key, Value>& committed_;
  std::map<Key, Value> changed_;
};

// Has a mutex of its own, so that it can be asked while a transaction is open.
class CommittedCounts {
 public:
  Counts get() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }
  void set(const Counts& counts) {
    const std::lock_guard lock(mutex_);
    counts_ = counts;
  }

 private:
  mutable std::mutex mutex_;
  Counts counts_;
};

// ---- what the parts of a transaction share ----

inline std::unexpected<Error> no_enrolment(const mdm::EnrolmentId& id) {
  return failure(ErrorCode::not_found, "no enrolment " + id.text());
}

inline bool is_live(const QueueEntry& entry) { return !is_end_state(entry.delivery.state); }

inline std::size_t live_count(const EnrolmentRecord& record) {
  return static_cast<std::size_t>(std::ranges::count_if(record.entries, is_live));
}

const QueueEntry* find_entry(const EnrolmentRecord& record, const mdm::CommandUuid& command);
QueueEntry* find_entry(EnrolmentRecord& record, const mdm::CommandUuid& command);

inline void end_delivery(QueueEntry& entry, DeliveryState state, Time now) {
  entry.delivery.state = state;
  entry.delivery.ended_at = now;
  entry.put_off = false;
}

// There is no work any more; a parked one keeps the time at which it is given up.
inline void forget_wake(EnrolmentRecord& record) {
  if (!record.enrolment.push_parked) record.wake.due_at.reset();
}

// Due now, or as it was when it was due already: its push may be under way, and its record must
// still find it.
inline void make_due(WakeState& wake, Time now, Priority priority) {
  const bool is_due = wake.due_at && *wake.due_at <= now;
  if (!is_due) wake.due_at = now;
  if (!is_due || priority == Priority::urgent) wake.priority = priority;
}

inline bool may_be_pushed(const Enrolment& enrolment) {
  return enrolment.has_push_token && !enrolment.push_parked;
}

}  // namespace reveille::storage::memory
