#include "storage/rocksdb/transaction.h"

#include <algorithm>

#include "protocol/base/ensure.h"

namespace reveille::storage::rocks {

Result<void> RocksdbTransaction::finish() const {
  if (rows_.failure()) return std::unexpected(*rows_.failure());
  return {};
}

std::unexpected<Error> RocksdbTransaction::refuse(ErrorCode code, std::string detail) const {
  if (rows_.failure()) return std::unexpected(*rows_.failure());
  return failure(code, std::move(detail));
}

std::unexpected<Error> RocksdbTransaction::no_enrolment(const mdm::EnrolmentId& id) const {
  return refuse(ErrorCode::not_found, "no enrolment " + id.text());
}

std::optional<Enrolment> RocksdbTransaction::read_enrolment(const mdm::EnrolmentId& id) {
  return rows_.read(Table::enrolments, id.text(), decode_enrolment);
}

std::optional<Schedule> RocksdbTransaction::read_schedule(const mdm::EnrolmentId& id) {
  return rows_.read(Table::schedules, id.text(), decode_schedule);
}

Schedule RocksdbTransaction::schedule_of(const mdm::EnrolmentId& id) {
  std::optional<Schedule> schedule = read_schedule(id);
  if (schedule) return *std::move(schedule);
  rows_.fail({.code = ErrorCode::corrupt, .detail = "an enrolment has lost its schedule"});
  return {};
}

void RocksdbTransaction::write(const mdm::EnrolmentId& id, const Enrolment& enrolment) {
  rows_.put(Table::enrolments, id.text(), encode(enrolment));
}

void RocksdbTransaction::write(const mdm::EnrolmentId& id, const Schedule& schedule) {
  rows_.put(Table::schedules, id.text(), encode(schedule));
}

void RocksdbTransaction::count(Partition partition, Counter counter, std::int64_t change) {
  deltas_[partition.index][static_cast<std::size_t>(counter)] += change;
}

void RocksdbTransaction::set_due(const mdm::EnrolmentId& id, Schedule& schedule,
                                 std::optional<Time> due_at) {
  if (schedule.wake.due_at == due_at) return;
  const Partition partition = partition_of(id);
  moved_due_[partition.index] = true;
  if (schedule.wake.due_at) {
    rows_.erase(Table::due, due_key(partition, *schedule.wake.due_at, id));
  }
  if (due_at) {
    rows_.put(Table::due, due_key(partition, *due_at, id), {});
    std::optional<Time>& earliest = earliest_due_[partition.index];
    earliest = std::min(earliest.value_or(*due_at), *due_at);
  }
  schedule.wake.due_at = due_at;
}

Result<void> RocksdbTransaction::commit() {
  ensure(!committed_, "a transaction is committed once");
  committed_ = true;
  if (rows_.failure()) return std::unexpected(*rows_.failure());
  if (rows_.empty()) return {};
  // Before the write: a floor that is too low costs a longer scan, one too high loses wakes.
  for (std::uint8_t index = 0; index < Partition::count; ++index) {
    const Partition partition{.index = index};
    const std::optional<Time>& earliest = earliest_due_[index];
    if (earliest && *earliest < database_.due_floor(partition)) {
      database_.set_due_floor(partition, *earliest);
    }
  }
  return database_.write(rows_.batch(), deltas_, durability_);
}

}  // namespace reveille::storage::rocks
