#include <algorithm>

#include "storage/rocksdb/transaction.h"

// Wakes: one row of `due` for each enrolment that should be pushed, its time also in the schedule.
namespace reveille::storage::rocks {

std::optional<DueWake> RocksdbTransaction::due_wake(const mdm::EnrolmentId& id,
                                                    const Schedule& schedule) {
  const Bytes key = push_secret_key(id);
  auto row = rows_.read(Table::secrets, key, decode_push_secret_row);
  if (!row) {
    rows_.fail({.code = ErrorCode::corrupt, .detail = "an enrolment has lost its push token"});
    return std::nullopt;
  }
  const std::optional<Bytes> plain = unseal(Table::secrets, key, row->sealed);
  if (!plain) return std::nullopt;
  std::optional<PushSecret> secret = rows_.checked(decode_push_secret(*plain));
  if (!secret) return std::nullopt;
  return DueWake{.enrolment = id,
                 .generation = schedule.generation,
                 .due_at = schedule.wake.due_at.value_or(Time{}),
                 .attempts = schedule.wake.attempts,
                 .topic = std::move(row->topic),
                 .push_token = std::move(secret->token),
                 .push_magic = std::move(secret->magic),
                 .token_updated_at = row->token_updated_at,
                 .priority = schedule.wake.priority};
}

void RocksdbTransaction::scan_due(Partition partition, Priority priority, const WakeCursor& after,
                                  const std::function<bool(WakeCursor cursor)>& visit) {
  if (after.priority > priority) return;
  const DueChanges& changes = due_changes(partition, priority);
  const Time floor =
      std::min(database_.due_floor(partition, priority), changes.earliest.value_or(Time::max()));
  const bool from_floor = after.priority < priority || after.due_at < floor ||
                          (after.due_at == floor && after.enrolment.empty());
  const Bytes from = from_floor
                         ? due_key(partition, priority, floor, {})
                         : due_key(partition, priority, after.due_at, after.enrolment) + '\0';
  Time first = Time::max();
  bool is_first = true;
  rows_.scan(Table::due, due_prefix(partition, priority), from,
             [&](BytesView key, BytesView /*value*/) {
               std::optional<WakeCursor> cursor = parse_due_key(key);
               if (!cursor) {
                 rows_.fail({.code = ErrorCode::corrupt, .detail = "a row of due is damaged"});
                 return false;
               }
               if (is_first) first = cursor->due_at;
               is_first = false;
               return visit(*std::move(cursor));
             });
  // What this transaction moved is not committed yet, so it teaches nothing.
  if (from_floor && !changes.moved && !rows_.failure()) {
    database_.set_due_floor(partition, priority, first);
  }
}

Result<std::vector<DueWake>> RocksdbTransaction::due_wakes(Partition partition,
                                                           const WakeCursor& after, Time now,
                                                           std::size_t count_max) {
  std::vector<mdm::EnrolmentId> due;
  for (const Priority priority : {Priority::urgent, Priority::bulk}) {
    if (due.size() == count_max) break;
    scan_due(partition, priority, after, [&](WakeCursor cursor) {
      if (cursor.due_at > now) return false;
      due.push_back(std::move(cursor.enrolment));
      return due.size() < count_max;
    });
  }
  std::vector<DueWake> wakes;
  wakes.reserve(due.size());
  for (const mdm::EnrolmentId& id : due) {
    std::optional<DueWake> wake = due_wake(id, schedule_of(id).row);
    if (!wake) break;  // the failure says why
    wakes.push_back(*std::move(wake));
  }
  return finish(std::move(wakes));
}

Result<std::optional<Time>> RocksdbTransaction::next_due_at(Partition partition,
                                                            const WakeCursor& after) {
  std::optional<Time> due_at;
  for (const Priority priority : {Priority::urgent, Priority::bulk}) {
    scan_due(partition, priority, after, [&](const WakeCursor& cursor) {
      due_at = std::min(due_at.value_or(cursor.due_at), cursor.due_at);
      return false;
    });
  }
  return finish(std::move(due_at));
}

void RocksdbTransaction::park(const mdm::EnrolmentId& id, ScheduleInUse& schedule) {
  set_due(id, schedule, std::nullopt);
  schedule.row.push_parked = true;
  std::optional<Enrolment> enrolment = read_enrolment(id);
  if (!enrolment) {
    rows_.fail({.code = ErrorCode::corrupt, .detail = "a schedule has lost its enrolment"});
    return;
  }
  enrolment->push_parked = true;
  write(id, *enrolment);
}

void RocksdbTransaction::record_wake(const WakeRecord& record, Time now) {
  const mdm::EnrolmentId& id = record.enrolment;
  ScheduleInUse* schedule = find_schedule(id);
  if (!schedule || schedule->row.generation != record.generation) return;
  WakeState& wake = schedule->row.wake;
  if (wake.due_at != record.due_at) return;

  schedule->changed = true;
  wake.last_apns_reason = record.apns_reason;
  switch (record.outcome) {
    case WakeRecord::Outcome::pushed: {
      ++wake.attempts;
      wake.last_pushed_at = now;
      const bool has_work = schedule->row.live > 0;
      set_due(id, *schedule, has_work ? std::optional(record.next_due_at) : std::nullopt);
      break;
    }
    case WakeRecord::Outcome::postponed:
      set_due(id, *schedule, record.next_due_at);
      break;
    case WakeRecord::Outcome::parked:
      park(id, *schedule);
      break;
  }
}

Result<void> RocksdbTransaction::record_wakes(std::span<const WakeRecord> records, Time now) {
  for (const WakeRecord& record : records) record_wake(record, now);
  return finish();
}

Result<void> RocksdbTransaction::reschedule_wake(const mdm::EnrolmentId& enrolment,
                                                 std::optional<Time> due_at, Time /*now*/) {
  ScheduleInUse* schedule = find_schedule(enrolment);
  if (!schedule) return finish();
  if (!schedule->row.may_be_pushed()) due_at.reset();
  if (schedule->row.wake.attempts > 0) {
    schedule->row.wake.attempts = 0;
    schedule->changed = true;
  }
  set_due(enrolment, *schedule, due_at);
  return finish();
}

Result<std::vector<Enqueued>> RocksdbTransaction::request_wakes(
    std::span<const mdm::EnrolmentId> enrolments, Time now, Priority priority) {
  std::vector<Enqueued> answers;
  answers.reserve(enrolments.size());
  for (const mdm::EnrolmentId& id : enrolments) {
    ScheduleInUse* schedule = find_schedule(id);
    if (!schedule) {
      answers.push_back(Enqueued::not_found);
      continue;
    }
    if (!schedule->row.may_be_pushed()) {
      answers.push_back(Enqueued::not_enrolled);
      continue;
    }
    answers.push_back(Enqueued::queued);
    make_due(id, *schedule, now, priority);
    must_sync();
  }
  return finish(std::move(answers));
}

Result<std::optional<WakeState>> RocksdbTransaction::wake_state(const mdm::EnrolmentId& enrolment) {
  std::optional<WakeState> state;
  if (const Schedule* schedule = look_at_schedule(enrolment)) state = schedule->wake;
  return finish(std::move(state));
}

Result<std::optional<DueWake>> RocksdbTransaction::push_target(const mdm::EnrolmentId& enrolment) {
  const Schedule* schedule = look_at_schedule(enrolment);
  if (!schedule) return no_enrolment(enrolment);
  std::optional<DueWake> target;
  if (schedule->has_push_token) target = due_wake(enrolment, *schedule);
  return finish(std::move(target));
}

}  // namespace reveille::storage::rocks
