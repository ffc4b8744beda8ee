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
  return &use(id, *std::move(row));
}

RocksdbTransaction::ScheduleInUse& RocksdbTransaction::use(const mdm::EnrolmentId& id,
                                                           Schedule row) {
  const auto in_use = schedules_.try_emplace(id).first;
  in_use->second = {.row = std::move(row), .id = &in_use->first, .partition = partition_of(id)};
  return in_use->second;
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
    if (row) use(*wanted[place], *std::move(row));
  });
}

RocksdbTransaction::ScheduleInUse& RocksdbTransaction::schedule_of(const mdm::EnrolmentId& id) {
  if (ScheduleInUse* schedule = find_schedule(id)) return *schedule;
  rows_.fail({.code = ErrorCode::corrupt, .detail = "an enrolment has lost its schedule"});
  return use(id, {});  // never written: the transaction has failed
}

void RocksdbTransaction::begin_schedule(const mdm::EnrolmentId& id, std::uint32_t generation) {
  ScheduleInUse& schedule = use(id, {});
  schedule.row.generation = generation;
  schedule.changed = true;
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

void RocksdbTransaction::set_due(ScheduleInUse& schedule, std::optional<Time> due_at,
                                 Priority priority) {
  WakeState& wake = schedule.row.wake;
  // A parked one keeps the time at which it is given up.
  if (!due_at && schedule.row.push_parked) return;
  if (!due_at) priority = Priority::bulk;
  if (wake.due_at == due_at && wake.priority == priority) return;
  if (wake.due_at) due_changes(schedule.partition, wake.priority).moved = true;
  if (due_at) {
    DueChanges& changes = due_changes(schedule.partition, priority);
    changes.added[*due_at].push_back(&schedule);
    changes.earliest = std::min(changes.earliest.value_or(*due_at), *due_at);
    changes.moved = true;
  }
  wake.due_at = due_at;
  wake.priority = priority;
  schedule.changed = true;
}

void RocksdbTransaction::make_due(ScheduleInUse& schedule, Time now, Priority priority) {
  const WakeState& wake = schedule.row.wake;
  const bool is_due = wake.due_at && *wake.due_at <= now;
  if (!is_due) {
    set_due(schedule, now, priority);
  } else if (priority == Priority::urgent) {
    set_due(schedule, wake.due_at, priority);
  }
}

std::vector<const RocksdbTransaction::ScheduleInUse*> RocksdbTransaction::changed_schedules()
    const {
  std::vector<const ScheduleInUse*> changed;
  changed.reserve(schedules_.size());
  for (const auto& [id, schedule] : schedules_) {
    if (schedule.changed) changed.push_back(&schedule);
  }
  std::ranges::sort(changed, [](const ScheduleInUse* one, const ScheduleInUse* other) {
    if (one->partition != other->partition) return one->partition.index < other->partition.index;
    return one->id->text() < other->id->text();
  });
  return changed;
}

// Nobody reads the schedules from `rows_`, so they go straight into the batch.
rocksdb::WriteBatch RocksdbTransaction::take_rows() {
  const std::vector<const ScheduleInUse*> changed = changed_schedules();
  constexpr std::size_t around_a_queue = 128;  // about as much is the rest of such a row
  std::size_t bytes = 0;
  for (const ScheduleInUse* schedule : changed)
    bytes += schedule->row.queue.size() + around_a_queue;
  rocksdb::WriteBatch batch = rows_.take(bytes);
  Bytes key;
  Writer value;
  for (const ScheduleInUse* schedule : changed) {
    key.assign(1, static_cast<char>(schedule->partition.index));
    key += schedule->id->text();
    encode(schedule->row, value);
    rows_.put_last(batch, Table::schedules, key, value.bytes());
  }
  return batch;
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
  write_progress();
  rocksdb::WriteBatch batch = take_rows();
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
