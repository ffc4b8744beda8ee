#include <algorithm>
#include <utility>

#include "storage/rocksdb/transaction.h"

// Wakes. The schedule alone says when an enrolment is due; a row of `due` lists those that one
// transaction made due at one time. When a wake moves or goes away, its schedule says so and the
// row stays: whoever passes it finds that it is stale, and takes it away once all or most of it is.
// So a wake that moves costs no deletion, and wakes that move together cost one row together.
namespace reveille::storage::rocks {
namespace {

// What one walk takes away at most: an answered fleet leaves hundreds of thousands behind, and a
// lane must not stand still for them.
constexpr std::size_t stale_max = 4'096;

}  // namespace

// What does not come from a batch never expires: mostly the numbers tell, and nothing is looked at.
std::optional<Time> RocksdbTransaction::work_expires_at(const mdm::EnrolmentId& id,
                                                        Schedule& schedule) {
  if (schedule.live == 0 || schedule.live_of_batches < schedule.live) return std::nullopt;
  const Bytes life = life_prefix(id, schedule.generation);
  return LiveQueue(rows_, schedule, life).latest_expiry();
}

std::optional<DueWake> RocksdbTransaction::due_wake(const mdm::EnrolmentId& id, BytesView key,
                                                    BytesView secret_row) {
  auto row = rows_.checked(decode_push_secret_row(secret_row));
  if (!row) return std::nullopt;
  const std::optional<Bytes> plain = unseal(Table::secrets, key, row->sealed);
  if (!plain) return std::nullopt;
  std::optional<PushSecret> secret = rows_.checked(decode_push_secret(*plain));
  if (!secret) return std::nullopt;
  ScheduleInUse* const in_use = find_schedule(id);
  if (!in_use) return std::nullopt;
  Schedule& schedule = in_use->row;
  return DueWake{.enrolment = id,
                 .generation = schedule.generation,
                 .due_at = schedule.wake.due_at.value_or(Time{}),
                 .attempts = schedule.wake.attempts,
                 .first_pushed_at = schedule.wake.first_pushed_at,
                 .topic = std::move(row->topic),
                 .push_token = std::move(secret->token),
                 .push_magic = std::move(secret->magic),
                 .token_updated_at = row->token_updated_at,
                 .priority = schedule.wake.priority,
                 .is_parked = schedule.push_parked,
                 .last_seen_at = schedule.wake.last_seen_at,
                 .work_expires_at = work_expires_at(id, schedule),
                 .place = schedule.due_block};
}

std::vector<std::optional<DueWake>> RocksdbTransaction::read_due_wakes(
    std::span<const WakeCursor> due) {
  std::vector<Bytes> keys;
  keys.reserve(due.size());
  for (const WakeCursor& one : due) keys.push_back(push_secret_key(one.enrolment));
  std::vector<std::optional<DueWake>> found(due.size());
  rows_.get_all(Table::secrets, keys, [&](std::size_t place, BytesView row) {
    found[place] = due_wake(due[place].enrolment, keys[place], row);
  });
  return found;
}

std::vector<DueWake> RocksdbTransaction::due_wakes_of(std::span<const WakeCursor> due) {
  if (rows_.failure()) return {};
  std::vector<std::optional<DueWake>> found = read_due_wakes(due);
  rows_.forgive_damage();  // it costs the wakes that it is of
  if (rows_.failure()) return {};
  std::vector<DueWake> wakes;
  wakes.reserve(due.size());
  for (std::size_t i = 0; i < due.size(); ++i) {
    if (!found[i]) {
      DueWake damaged;
      damaged.enrolment = due[i].enrolment;
      damaged.due_at = due[i].due_at;
      damaged.priority = due[i].priority;
      damaged.place = due[i].place;
      found[i] = std::move(damaged);
    }
    wakes.push_back(*std::move(found[i]));
  }
  return wakes;
}

bool RocksdbTransaction::is_due_at(const mdm::EnrolmentId& id, Priority priority,
                                   const DuePlace& place) {
  const Schedule* schedule = look_at_schedule(id);
  if (!schedule && rows_.forgive_damage()) return true;  // as far as anybody can tell
  return schedule && schedule->due_block == place.block && schedule->wake.due_at == place.due_at &&
         schedule->wake.priority == priority;
}

std::optional<Time> RocksdbTransaction::scan_due(Partition partition, Priority priority,
                                                 const WakeCursor& after, Time until,
                                                 const VisitDue& visit) {
  if (after.priority > priority) return std::nullopt;
  write_due(partition, priority);
  const DueChanges& changes = due_changes(partition, priority);
  const Time floor =
      std::min(database_.due_floor(partition, priority), changes.earliest.value_or(Time::max()));
  const bool from_floor = after.priority < priority || after.due_at < floor ||
                          (after.due_at == floor && after.place == 0);
  DueWalk walk{
      .priority = priority,
      .after = from_floor
                   ? WakeCursor{.priority = priority, .due_at = floor, .enrolment = {}, .place = 0}
                   : after,
      .visit = visit};
  rows_.scan(Table::due, due_prefix(partition, priority),
             due_key(partition, priority, walk.after.due_at, walk.after.place),
             [&](BytesView key, BytesView value) {
               const std::optional<DuePlace> place = parse_due_key(key);
               const auto ids = rows_.checked(decode_due(value));
               if (!place || !ids) {
                 rows_.fail({.code = ErrorCode::corrupt, .detail = "a row of due is damaged"});
                 return false;
               }
               if (place->due_at > until || walk.stale >= stale_max) walk.stop(place->due_at);
               if (!walk.is_over) visit_block(walk, key, *place, *ids);
               return !walk.is_over;
             });
  for (auto& [key, value] : walk.tidied) {
    if (value.empty()) {
      rows_.erase(Table::due, key);
    } else {
      rows_.put(Table::due, key, std::move(value));
    }
  }
  // What this transaction moved is not committed yet, so it teaches nothing.
  if (from_floor && !changes.moved && !rows_.failure()) {
    database_.set_due_floor(partition, priority, walk.first.value_or(Time::max()));
  }
  return walk.stopped_at;
}

void RocksdbTransaction::visit_block(DueWalk& walk, BytesView key, const DuePlace& place,
                                     std::span<const BytesView> ids) {
  const bool from_middle = place == DuePlace{walk.after.due_at, walk.after.place};
  std::size_t at = 0;
  if (from_middle) {
    const BytesView last = walk.after.enrolment.text();
    at = static_cast<std::size_t>(std::ranges::upper_bound(ids, last) - ids.begin());
  }
  std::vector<BytesView> due;
  while (at < ids.size()) {
    // A few at first: whoever looks for the next one alone stops there.
    walk.together = std::min<std::size_t>(4 * walk.together, 256);
    const auto part = ids.subspan(at, std::min(walk.together, ids.size() - at));
    std::vector<mdm::EnrolmentId> slice;
    slice.reserve(part.size());
    for (const BytesView id : part) slice.emplace_back(std::string(id));
    read_schedules(slice);
    for (std::size_t i = 0; i < slice.size(); ++i) {
      if (!is_due_at(slice[i], walk.priority, place)) {
        // The rest of a block that stays as it is must not end a walk that could not pass it.
        if (!from_middle) ++walk.stale;
        forget_unchanged(slice[i]);
        continue;
      }
      due.push_back(part[i]);
      if (!walk.first) walk.first = place.due_at;
      WakeCursor found{.priority = walk.priority,
                       .due_at = place.due_at,
                       .enrolment = std::move(slice[i]),
                       .place = place.block};
      if (!walk.visit(std::move(found))) {
        walk.is_over = true;
        return;
      }
    }
    at += slice.size();
  }
  if (from_middle || due.size() > ids.size() / 2) return;
  walk.tidied.emplace_back(Bytes(key), due.empty() ? Bytes() : encode_due(due));
}

void RocksdbTransaction::write_due(Partition partition, Priority priority) {
  for (auto& [due_at, added] : std::exchange(due_changes(partition, priority).added, {})) {
    std::erase_if(added, [&, due_at = due_at](const ScheduleInUse* schedule) {
      return schedule->row.wake.due_at != due_at || schedule->row.wake.priority != priority;
    });
    if (added.empty()) continue;
    // RocksDB's count of writes names the block: each commit moves it on.
    if (!due_block_) due_block_ = database_.rocks().GetLatestSequenceNumber();
    const Bytes key = due_key(partition, priority, due_at, *due_block_);
    // A look in the middle of the transaction has written what was there by then.
    const std::optional<Bytes> earlier =
        rows_.has_written(Table::due, key) ? rows_.get(Table::due, key) : std::nullopt;
    std::vector<BytesView> ids;
    if (earlier) ids = rows_.checked(decode_due(*earlier)).value_or(std::vector<BytesView>{});
    for (ScheduleInUse* schedule : added) {
      schedule->row.due_block = *due_block_;
      ids.push_back(schedule->id->text());
    }
    std::ranges::sort(ids);
    ids.erase(std::ranges::unique(ids).begin(), ids.end());
    rows_.put(Table::due, key, encode_due(ids));
  }
}

Result<std::vector<DueWake>> RocksdbTransaction::due_wakes(Partition partition,
                                                           const WakeCursor& after, Time now,
                                                           std::size_t count_max) {
  std::vector<WakeCursor> due;
  for (const Priority priority : {Priority::urgent, Priority::bulk}) {
    if (due.size() == count_max) break;
    const std::optional<Time> stopped_at =
        scan_due(partition, priority, after, now, [&](WakeCursor one) {
          due.push_back(std::move(one));
          return due.size() < count_max;
        });
    // Among stale rows, not for want of wakes: what stands behind them comes before bulk.
    if (stopped_at && *stopped_at <= now) break;
  }
  return finish(due_wakes_of(due));
}

Result<std::optional<Time>> RocksdbTransaction::next_due_at(Partition partition,
                                                            const WakeCursor& after) {
  std::optional<Time> next;
  for (const Priority priority : {Priority::urgent, Priority::bulk}) {
    const auto stopped_at = scan_due(partition, priority, after, next.value_or(Time::max()),
                                     [&](const WakeCursor& due) {
                                       next = std::min(next.value_or(due.due_at), due.due_at);
                                       return false;
                                     });
    if (stopped_at) next = std::min(next.value_or(*stopped_at), *stopped_at);
  }
  return finish(std::move(next));
}

void RocksdbTransaction::set_parked(const mdm::EnrolmentId& id, ScheduleInUse& schedule,
                                    bool is_parked) {
  schedule.row.push_parked = is_parked;
  std::optional<Enrolment> enrolment = read_enrolment(id);
  if (!enrolment) {
    rows_.fail({.code = ErrorCode::corrupt, .detail = "a schedule has lost its enrolment"});
    return;
  }
  enrolment->push_parked = is_parked;
  write(id, *enrolment);
}

void RocksdbTransaction::record_wake(const WakeRecord& record, Time now) {
  const mdm::EnrolmentId& id = record.enrolment;
  ScheduleInUse* schedule = find_schedule(id);
  if (!schedule || schedule->row.generation != record.generation) return;
  WakeState& wake = schedule->row.wake;
  const bool was_parked = schedule->row.push_parked;
  const bool revives = was_parked && record.outcome == WakeRecord::Outcome::pushed;
  if (wake.due_at != record.due_at && !revives) return;
  if (record.outcome == WakeRecord::Outcome::unreachable && !was_parked) return;

  if (revives) set_parked(id, *schedule, false);
  schedule->changed = true;
  if (!was_parked || revives) wake.last_apns_reason = record.apns_reason;
  switch (record.outcome) {
    case WakeRecord::Outcome::pushed: {
      if (wake.attempts++ == 0) wake.first_pushed_at = now;
      wake.last_pushed_at = now;
      const bool has_work = schedule->row.live > 0;
      set_due(*schedule, has_work ? record.next_due_at : std::nullopt);
      break;
    }
    case WakeRecord::Outcome::postponed:
      set_due(*schedule, record.next_due_at);
      break;
    case WakeRecord::Outcome::parked:
      schedule->row.push_parked = false;  // or it would keep its time
      set_due(*schedule, record.next_due_at);
      set_parked(id, *schedule, true);
      break;
    case WakeRecord::Outcome::unreachable:
      // What fails has failed the transaction.
      (void)end_enrolment(id, EndReason::unreachable, now);
      break;
  }
}

Result<void> RocksdbTransaction::record_wakes(std::span<const WakeRecord> records, Time now) {
  std::vector<mdm::EnrolmentId> ids;
  ids.reserve(records.size());
  for (const WakeRecord& record : records) ids.push_back(record.enrolment);
  read_schedules(ids);
  for (const WakeRecord& record : records) record_wake(record, now);
  return finish();
}

Result<void> RocksdbTransaction::reschedule_wake(const mdm::EnrolmentId& enrolment,
                                                 std::optional<Time> due_at, Time /*now*/) {
  ScheduleInUse* schedule = find_schedule(enrolment);
  if (!schedule) return finish();
  if (!schedule->row.may_be_pushed()) due_at.reset();
  if (schedule->row.wake.attempts > 0) {
    schedule->row.wake.forget_attempts();
    schedule->changed = true;
  }
  set_due(*schedule, due_at);
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
    make_due(*schedule, now, priority);
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
  if (schedule->has_push_token) {
    const WakeCursor one = {.priority = schedule->wake.priority,
                            .due_at = schedule->wake.due_at.value_or(Time{}),
                            .enrolment = enrolment,
                            .place = schedule->due_block};
    target = read_due_wakes({&one, 1}).front();
    if (!target) {
      rows_.fail({.code = ErrorCode::corrupt, .detail = "an enrolment has lost its push token"});
    } else if (target->is_parked) {
      target->due_at = {};
    }
  }
  return finish(std::move(target));
}

}  // namespace reveille::storage::rocks
