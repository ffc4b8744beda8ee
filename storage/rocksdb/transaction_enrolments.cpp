#include <utility>

#include "protocol/base/ensure.h"
#include "storage/enrolment_life.h"
#include "storage/rocksdb/transaction.h"

// Enrolments: their records, their lives.
namespace reveille::storage::rocks {

Result<std::optional<Enrolment>> RocksdbTransaction::find_enrolment(
    const mdm::EnrolmentId& enrolment) {
  return finish(read_enrolment(enrolment));
}

std::vector<mdm::EnrolmentId> RocksdbTransaction::user_channels_of(const mdm::EnrolmentId& device) {
  std::vector<mdm::EnrolmentId> users;
  const std::string prefix = device.text() + ':';
  rows_.scan(Table::enrolments, prefix, prefix, [&](BytesView key, BytesView /*value*/) {
    users.emplace_back(std::string(key));
    return true;
  });
  return users;
}

void RocksdbTransaction::end_one(Enrolment& enrolment, EndReason reason, Time now) {
  if (enrolment.state == EnrolmentState::ended) return;
  const mdm::EnrolmentId& id = enrolment.identity.enrolment;
  count(partition_of(id), counter_of(enrolment.state), -1);
  count(partition_of(id), Counter::enrolments_ended, +1);
  end_life(enrolment, reason, now);
  ScheduleInUse& schedule = schedule_of(id);
  void_queue(id, schedule, now);
  schedule.row.state = enrolment.state;
  schedule.row.has_push_token = false;
  schedule.row.push_parked = false;
  set_due(schedule, std::nullopt);
  schedule.changed = true;
  rows_.erase(Table::secrets, push_secret_key(id));
  rows_.erase(Table::secrets, unlock_secret_key(id));
  rows_.erase(Table::secrets, bootstrap_secret_key(id));
  forget_user_logins(id);
}

void RocksdbTransaction::end_user_channels(const mdm::EnrolmentId& device, EndReason reason,
                                           Time now) {
  for (const mdm::EnrolmentId& id : user_channels_of(device)) {
    std::optional<Enrolment> user = read_enrolment(id);
    if (!user) return;  // failed: the scan has just seen it
    const bool had_ended = user->state == EnrolmentState::ended;
    if (had_ended && (reason != EndReason::superseded || user->end_reason == reason)) continue;
    end_one(*user, reason, now);
    user->end_reason = reason;
    write(id, *user);
  }
}

void RocksdbTransaction::count_voided(const mdm::EnrolmentId& id, BytesView life,
                                      ScheduleInUse& schedule) {
  LiveQueue(rows_, schedule.row, life).scan([&](const DeliveryRow& row) {
    if (row.delivery.batch) {
      count_end(partition_of(id), *row.delivery.batch, DeliveryState::voided);
    }
    return true;
  });
}

// A deletion of a range is one write, also for a queue of thousands and a life of years.
void RocksdbTransaction::forget_life(const mdm::EnrolmentId& id) {
  Schedule& schedule = schedule_of(id).row;
  if (schedule.next_sequence == 0) return;
  count(partition_of(id), Counter::deliveries_live, -std::int64_t{schedule.live});
  count(partition_of(id), Counter::deliveries_voided, schedule.live);
  const Bytes life = life_prefix(id, schedule.generation);
  if (schedule.live_of_batches > 0) count_voided(id, life, schedule_of(id));
  schedule.live = schedule.live_of_batches = schedule.put_off = schedule.in_row = 0;
  schedule.queue.clear();
  for (const Table table : {Table::queue, Table::deliveries, Table::results}) {
    rows_.erase_all(table, life);
  }
  forget_long_results(life);
}

Result<Enrolment> RocksdbTransaction::authenticate(const mdm::Authenticate& message,
                                                   const Sha256& certificate, Time now) {
  const mdm::EnrolmentId& id = message.identity.enrolment;
  std::optional<Enrolment> before = read_enrolment(id);
  const std::uint32_t generation = before ? before->generation + 1 : 1;
  Result<Enrolment> next = begin_life(message, certificate, generation, now);
  if (!next) return refuse(next.error().code, next.error().detail);

  if (before) {
    forget_life(id);
    end_one(*before, EndReason::superseded, now);
    count(partition_of(id), Counter::enrolments_ended, -1);
  }
  end_user_channels(id, EndReason::superseded, now);

  begin_schedule(id, generation);
  count(partition_of(id), Counter::enrolments_pending, +1);
  write(id, *next);
  must_sync();
  return finish(*std::move(next));
}

Result<Enrolment> RocksdbTransaction::update_token(const mdm::TokenUpdate& message, Time now) {
  const mdm::EnrolmentId& id = message.identity.enrolment;
  const std::optional<Enrolment> stored = read_enrolment(id);
  std::optional<Enrolment> device;
  if (message.identity.is_user_channel()) device = read_enrolment(message.identity.device);
  if (rows_.failure()) return std::unexpected(*rows_.failure());
  Result<Enrolment> next = after_token_update(stored, device, message, now);
  if (!next) return next;

  // An earlier life left nothing in its schedule: its queue is void and no wake is due.
  const bool same_life = stored && stored->generation == next->generation;
  if (!same_life) {
    if (stored) forget_life(id);
    begin_schedule(id, next->generation);
  }
  ScheduleInUse& schedule = schedule_of(id);
  schedule.row.state = next->state;
  schedule.row.has_push_token = true;
  const bool was_parked = std::exchange(schedule.row.push_parked, false);
  if (was_parked) set_due(schedule, std::nullopt);
  schedule.row.wake.forget_attempts();
  schedule.changed = true;
  if (schedule.row.live > 0) set_due(schedule, now, schedule.row.wake.priority);

  if (stored) count(partition_of(id), counter_of(stored->state), -1);
  count(partition_of(id), counter_of(next->state), +1);
  write_secrets(message, now);
  write(id, *next);
  must_sync();
  return finish(*std::move(next));
}

Result<void> RocksdbTransaction::end_enrolment(const mdm::EnrolmentId& enrolment, EndReason reason,
                                               Time now) {
  ensure(reason != EndReason::superseded, "only authenticate() supersedes");
  std::optional<Enrolment> record = read_enrolment(enrolment);
  if (!record) return no_enrolment(enrolment);
  if (record->state == EnrolmentState::ended) return finish();
  end_one(*record, reason, now);
  write(enrolment, *record);
  end_user_channels(enrolment, reason, now);
  must_sync();
  return finish();
}

Result<void> RocksdbTransaction::replace_certificate(const mdm::EnrolmentId& device,
                                                     const Sha256& certificate,
                                                     Time previous_accepted_until) {
  std::optional<Enrolment> enrolment = read_enrolment(device);
  if (!enrolment || enrolment->identity.is_user_channel()) return no_enrolment(device);
  if (enrolment->state == EnrolmentState::ended) {
    return refuse(ErrorCode::conflict, "enrolment " + device.text() + " has ended");
  }
  if (enrolment->certificate == certificate) return finish();
  enrolment->previous_certificate = enrolment->certificate;
  enrolment->previous_certificate_until = previous_accepted_until;
  enrolment->certificate = certificate;
  write(device, *enrolment);
  must_sync();
  return finish();
}

Result<void> RocksdbTransaction::touch(const mdm::EnrolmentId& enrolment, Time now) {
  ScheduleInUse* schedule = find_schedule(enrolment);
  if (!schedule) return finish();
  Time& seen = schedule->row.wake.last_seen_at;
  if (seen != Time{} && now - seen < database_.options().last_seen_resolution) return finish();
  seen = now;
  schedule->changed = true;
  return finish();
}

Result<std::vector<Enrolment>> RocksdbTransaction::list_enrolments(const mdm::EnrolmentId& after,
                                                                   std::size_t count_max) {
  std::vector<Enrolment> listed;
  if (count_max == 0) return listed;
  const Bytes behind_after = after.text() + '\0';
  rows_.scan_committed(Table::enrolments, {}, behind_after, [&](BytesView, BytesView value) {
    std::optional<Enrolment> enrolment = rows_.checked(decode_enrolment(value));
    if (!enrolment) return false;
    listed.push_back(*std::move(enrolment));
    return listed.size() < count_max;
  });
  return finish(std::move(listed));
}

}  // namespace reveille::storage::rocks
