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

void RocksdbTransaction::write(const mdm::EnrolmentId& id, const Enrolment& enrolment) {
  rows_.put(Table::enrolments, id.text(), encode(enrolment));
}

RocksdbTransaction::ScheduleInUse* RocksdbTransaction::find_schedule(const mdm::EnrolmentId& id) {
  if (const auto in_use = schedules_.find(id); in_use != schedules_.end()) return &in_use->second;
  std::optional<Schedule> row = rows_.read(Table::schedules, schedule_key(id), decode_schedule);
  if (!row) return nullptr;
  return &schedules_.emplace(id, ScheduleInUse{.row = *std::move(row)}).first->second;
}

void RocksdbTransaction::read_schedules(std::span<const mdm::EnrolmentId> ids) {
  std::vector<const mdm::EnrolmentId*> wanted;
  std::vector<Bytes> keys;
  for (const mdm::EnrolmentId& id : ids) {
    if (schedules_.contains(id)) continue;
    wanted.push_back(&id);
    keys.push_back(schedule_key(id));
  }
  rows_.get_all(Table::schedules, keys, [&](std::size_t place, BytesView value) {
    Result<Schedule> row = decode_schedule(value);
    // A damaged one is left to whoever asks for it: the others are whole.
    if (row) schedules_.emplace(*wanted[place], ScheduleInUse{.row = *std::move(row)});
  });
}

RocksdbTransaction::ScheduleInUse& RocksdbTransaction::schedule_of(const mdm::EnrolmentId& id) {
  if (ScheduleInUse* schedule = find_schedule(id)) return *schedule;
  rows_.fail({.code = ErrorCode::corrupt, .detail = "an enrolment has lost its schedule"});
  return schedules_[id];  // never written: the transaction has failed
}

void RocksdbTransaction::begin_schedule(const mdm::EnrolmentId& id, std::uint32_t generation) {
  ScheduleInUse schedule{.row = {}, .changed = true};
  schedule.row.generation = generation;
  schedules_[id] = std::move(schedule);
}

const Schedule* RocksdbTransaction::look_at_schedule(const mdm::EnrolmentId& id) {
  const ScheduleInUse* schedule = find_schedule(id);
  return schedule ? &schedule->row : nullptr;
}

void RocksdbTransaction::forget_unchanged(const mdm::EnrolmentId& id) {
  const auto in_use = schedules_.find(id);
  if (in_use != schedules_.end() && !in_use->second.changed) schedules_.erase(in_use);
}

const CommandRow* RocksdbTransaction::find_command_row(const mdm::CommandUuid& command) {
  if (!last_command_ || last_command_->first != command) {
    auto row = rows_.read(Table::commands, command.text, decode_command);
    if (!row) return nullptr;
    last_command_.emplace(command, *std::move(row));
  }
  return &last_command_->second;
}

void RocksdbTransaction::count(Partition partition, Counter counter, std::int64_t change) {
  deltas_[partition.index][static_cast<std::size_t>(counter)] += change;
}

void RocksdbTransaction::set_due(const mdm::EnrolmentId& id, ScheduleInUse& schedule,
                                 std::optional<Time> due_at, Priority priority) {
  WakeState& wake = schedule.row.wake;
  // A parked one keeps the time at which it is given up.
  if (!due_at && schedule.row.push_parked) return;
  if (!due_at) priority = Priority::bulk;
  if (wake.due_at == due_at && wake.priority == priority) return;
  const Partition partition = partition_of(id);
  if (wake.due_at) due_changes(partition, wake.priority).moved = true;
  if (due_at) {
    DueChanges& changes = due_changes(partition, priority);
    changes.added[*due_at].push_back(id);
    changes.earliest = std::min(changes.earliest.value_or(*due_at), *due_at);
    changes.moved = true;
  }
  wake.due_at = due_at;
  wake.priority = priority;
  schedule.changed = true;
}

void RocksdbTransaction::make_due(const mdm::EnrolmentId& id, ScheduleInUse& schedule, Time now,
                                  Priority priority) {
  const WakeState& wake = schedule.row.wake;
  const bool is_due = wake.due_at && *wake.due_at <= now;
  if (!is_due) {
    set_due(id, schedule, now, priority);
  } else if (priority == Priority::urgent) {
    set_due(id, schedule, wake.due_at, priority);
  }
}

Result<void> RocksdbTransaction::commit() {
  ensure(!committed_, "a transaction is committed once");
  committed_ = true;
  if (rows_.failure()) return std::unexpected(*rows_.failure());
  for (std::uint8_t index = 0; index < Partition::count; ++index) {
    for (const Priority priority : {Priority::urgent, Priority::bulk}) {
      write_due({.index = index}, priority);
    }
  }
  for (const auto& [id, schedule] : schedules_) {
    if (schedule.changed) rows_.put(Table::schedules, schedule_key(id), encode(schedule.row));
  }
  write_progress();
  rocksdb::WriteBatch batch = rows_.take();
  if (rows_.failure()) return std::unexpected(*rows_.failure());
  if (batch.Count() == 0) return {};
  // Before the write: a floor that is too low costs a longer scan, one too high loses wakes.
  for (std::uint8_t index = 0; index < Partition::count; ++index) {
    for (const Priority priority : {Priority::urgent, Priority::bulk}) {
      const Partition partition{.index = index};
      const std::optional<Time>& earliest = due_changes(partition, priority).earliest;
      if (earliest && *earliest < database_.due_floor(partition, priority)) {
        database_.set_due_floor(partition, priority, *earliest);
      }
    }
  }
  return database_.write(batch, deltas_, durability_);
}

}  // namespace reveille::storage::rocks
