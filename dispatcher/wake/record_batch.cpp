#include "dispatcher/wake/record_batch.h"

namespace reveille::wake {

void RecordBatch::add(FlightId flight, const storage::DueWake& row,
                      storage::WakeRecord::Outcome record_outcome,
                      std::optional<storage::Time> next_due_at, std::string_view reason) {
  if (count_ == records_.size()) {
    records_.emplace_back();
    tokens_updated_at_.emplace_back();
    seen_at_.emplace_back();
    flights_.emplace_back();
  }
  storage::WakeRecord& record = records_[count_];
  record.enrolment = row.enrolment;
  record.generation = row.generation;
  record.due_at = row.due_at;
  record.outcome = record_outcome;
  record.next_due_at = next_due_at;
  record.apns_reason = reason;
  tokens_updated_at_[count_] = row.token_updated_at;
  seen_at_[count_] = row.last_seen_at;
  flights_[count_] = flight;
  ++count_;
}

RecordBatch RecordBatch::split() {
  RecordBatch later;
  const std::size_t kept = count_ / 2;
  for (std::size_t i = kept; i < count_; ++i) {
    later.records_.push_back(std::move(records_[i]));
    later.tokens_updated_at_.push_back(tokens_updated_at_[i]);
    later.seen_at_.push_back(seen_at_[i]);
    later.flights_.push_back(flights_[i]);
  }
  later.count_ = count_ - kept;
  count_ = kept;
  return later;
}

Result<void> RecordBatch::write(storage::Transaction& transaction, storage::Time now) {
  for (std::size_t i = 0; i < count_; ++i) {
    const storage::WakeRecord::Outcome what = records_[i].outcome;
    if (what != storage::WakeRecord::Outcome::parked &&
        what != storage::WakeRecord::Outcome::unreachable) {
      continue;
    }
    if (Result<void> done = spare_who_came_back(transaction, i, now); !done) return done;
  }
  return transaction.record_wakes(records(), now);
}

Result<void> RecordBatch::spare_who_came_back(storage::Transaction& transaction,
                                              std::size_t position, storage::Time now) {
  storage::WakeRecord& record = records_[position];
  const bool gives_up = record.outcome == storage::WakeRecord::Outcome::unreachable;
  auto target = transaction.push_target(record.enrolment);
  if (!target && target.error().code != ErrorCode::not_found) {
    return std::unexpected(std::move(target.error()));
  }
  bool spared = gives_up;  // from what it has left already
  if (target && *target) {
    const storage::DueWake& is_now = **target;
    spared = is_now.token_updated_at > tokens_updated_at_[position] ||
             (gives_up && (is_now.generation != record.generation || !is_now.is_parked ||
                           is_now.last_seen_at > seen_at_[position]));
  }
  if (!spared) return {};
  record.outcome = storage::WakeRecord::Outcome::postponed;
  record.next_due_at = now;
  return {};
}

}  // namespace reveille::wake
