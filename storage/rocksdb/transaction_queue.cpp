#include <algorithm>
#include <ranges>

#include "protocol/base/ensure.h"
#include "storage/rocksdb/transaction.h"

// Commands, and the queue of each enrolment: what lives is in a LiveQueue, what has ended in
// `deliveries`.
namespace reveille::storage::rocks {
namespace {

mdm::Command command_from(const mdm::CommandUuid& uuid, CommandRow row) {
  return {.uuid = uuid, .request_type = std::move(row.request_type), .body = std::move(row.body)};
}

}  // namespace

Result<void> RocksdbTransaction::put_command(const mdm::Command& command, Time now) {
  if (const auto stored = rows_.read(Table::commands, command.uuid.text, decode_command)) {
    if (stored->body == command.body && stored->request_type == command.request_type) {
      return finish();
    }
    return refuse(ErrorCode::conflict,
                  "command " + command.uuid.text + " is stored with other bytes");
  }
  const CommandRow row{
      .request_type = command.request_type, .body = command.body, .stored_at = now};
  rows_.put(Table::commands, command.uuid.text, encode(row));
  count(partition_of(command.uuid), Counter::commands, +1);
  must_sync();
  return finish();
}

Result<std::optional<mdm::Command>> RocksdbTransaction::find_command(
    const mdm::CommandUuid& command) {
  std::optional<mdm::Command> found;
  if (auto row = rows_.read(Table::commands, command.text, decode_command)) {
    found = command_from(command, *std::move(row));
  }
  return finish(std::move(found));
}

Result<std::vector<Enqueued>> RocksdbTransaction::enqueue(
    std::span<const mdm::EnrolmentId> enrolments, const mdm::CommandUuid& command, Time now,
    Priority priority) {
  const CommandRow* stored = find_command_row(command);
  if (!stored) return refuse(ErrorCode::not_found, "no command " + command.text);
  Delivery delivery;
  delivery.command = command;
  delivery.request_type = stored->request_type;
  delivery.queued_at = now;
  const Order order{.command = command, .delivery = NewDelivery(delivery), .priority = priority};
  std::vector<Enqueued> answers = enqueue_all(enrolments, order, now);
  if (std::ranges::find(answers, Enqueued::queued) != answers.end()) must_sync();
  return finish(std::move(answers));
}

// Reads for all together: their schedules, then whether they have held the command before.
std::vector<Enqueued> RocksdbTransaction::enqueue_all(std::span<const mdm::EnrolmentId> ids,
                                                      const Order& order, Time now) {
  read_schedules(ids);
  std::vector<Target> targets(ids.size());
  std::vector<std::size_t> asked;
  std::vector<Bytes> keys;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Target& target = targets[i];
    target.schedule = find_schedule(ids[i]);
    if (!target.schedule) continue;
    const Schedule& row = target.schedule->row;
    target.life = life_prefix(ids[i], row.generation);
    if (row.next_sequence == row.in_row) continue;  // all that it ever held is in the schedule
    asked.push_back(i);
    keys.push_back(delivery_key(target.life, order.command));
  }
  rows_.get_all(Table::deliveries, keys, [&](std::size_t place, BytesView /*value*/) {
    targets[asked[place]].has_held_command = true;
  });

  std::vector<Enqueued> answers;
  answers.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    answers.push_back(enqueue_one(targets[i], order, now));
  }
  return answers;
}

Enqueued RocksdbTransaction::enqueue_one(const Target& target, const Order& order, Time now) {
  ScheduleInUse* schedule = target.schedule;
  if (!schedule) return Enqueued::not_found;
  Schedule& row = schedule->row;
  if (row.state != EnrolmentState::enrolled) return Enqueued::not_enrolled;
  LiveQueue queue(rows_, row, target.life);
  // An id that repeats has been served meanwhile.
  const bool holds_command = target.has_held_command || queue.holds_in_row(order.command) ||
                             queue.has_put_behind_row(order.command);
  if (holds_command) return Enqueued::already_queued;
  if (row.live >= database_.options().queue_commands_max) return Enqueued::queue_full;

  if (order.is_of_batch) ++row.live_of_batches;
  queue.append(order.delivery, order.command);
  schedule->changed = true;
  count(schedule->partition, Counter::deliveries_live, +1);

  if (!row.may_be_pushed()) return Enqueued::queued;
  const Time coalesced_until = row.wake.last_pushed_at + database_.options().wake_coalescing;
  if (row.wake.attempts > 0 && now < coalesced_until) {
    // The push under way may have been an operator's, with nothing due behind it.
    if (!row.wake.due_at) set_due(*schedule, coalesced_until);
  } else {
    make_due(*schedule, now, order.priority);
  }
  return Enqueued::queued;
}

void RocksdbTransaction::put_off(BytesView life, ScheduleInUse& schedule, DeliveryRow& row) {
  row.delivery.state = DeliveryState::queued;
  ++row.delivery.times_not_now;
  row.put_off_round = schedule.row.round;
  ++schedule.row.put_off;
  schedule.changed = true;
  LiveQueue(rows_, schedule.row, life).replace(row);
}

void RocksdbTransaction::end_delivery(const mdm::EnrolmentId& id, BytesView life,
                                      ScheduleInUse& schedule, DeliveryRow& row,
                                      DeliveryState state, Time now) {
  Schedule& queue = schedule.row;
  if (queue.live == 0) {
    rows_.fail({.code = ErrorCode::corrupt, .detail = "a queue is longer than its count"});
    return;
  }
  if (row.delivery.batch) {
    --queue.live_of_batches;
    count_end(partition_of(id), *row.delivery.batch, state);
  }
  if (row.put_off_round == queue.round && queue.put_off > 0) --queue.put_off;
  row.delivery.state = state;
  row.delivery.ended_at = now;
  LiveQueue(rows_, queue, life).end(row);
  schedule.changed = true;
  count(partition_of(id), Counter::deliveries_live, -1);
  count(partition_of(id), counter_of(state), +1);
}

void RocksdbTransaction::void_queue(const mdm::EnrolmentId& id, ScheduleInUse& schedule, Time now) {
  const Bytes life = life_prefix(id, schedule.row.generation);
  std::vector<DeliveryRow> live;
  LiveQueue(rows_, schedule.row, life).scan([&](DeliveryRow row) {
    live.push_back(std::move(row));
    return true;
  });
  // From the last one on, so that none of them moves up.
  for (DeliveryRow& row : std::views::reverse(live)) {
    end_delivery(id, life, schedule, row, DeliveryState::voided, now);
  }
}

Result<Recorded> RocksdbTransaction::record_report(const mdm::EnrolmentId& enrolment,
                                                   const mdm::CommandUuid& command,
                                                   mdm::Status status, const ReportBody& body,
                                                   Time now) {
  ensure(status != mdm::Status::idle, "Idle answers no command");
  ScheduleInUse* schedule = find_schedule(enrolment);
  if (!schedule) return no_enrolment(enrolment);
  const Bytes life = life_prefix(enrolment, schedule->row.generation);
  auto row = LiveQueue(rows_, schedule->row, life).find(command);
  const bool ends = row && !is_end_state(row->delivery.state) && status != mdm::Status::not_now;
  if (ends && !keep_report(life, command, body)) {
    return refuse(ErrorCode::conflict, "the report's pieces are not there");
  }
  if (!ends && body.upload()) forget_upload(life, *body.upload());
  Recorded recorded;
  if (!row) return finish(std::move(recorded));
  recorded.request_type = row->delivery.request_type;
  if (is_end_state(row->delivery.state)) {
    recorded.kind = Recorded::Kind::duplicate;
    return finish(std::move(recorded));
  }

  recorded.kind = Recorded::Kind::recorded;
  if (status == mdm::Status::not_now) {
    // Said twice in one round: nothing new.
    if (row->put_off_round == schedule->row.round) return finish(std::move(recorded));
    put_off(life, *schedule, *row);
  } else {
    const bool acknowledged = status == mdm::Status::acknowledged;
    row->delivery.final_status = mdm::name_of(status);
    end_delivery(enrolment, life, *schedule, *row,
                 acknowledged ? DeliveryState::acknowledged : DeliveryState::failed, now);
    if (schedule->row.live == 0) set_due(*schedule, std::nullopt);
    if (acknowledged && ends_setup(recorded.request_type)) leave_setup(enrolment);
  }
  must_sync();
  return finish(std::move(recorded));
}

void RocksdbTransaction::leave_setup(const mdm::EnrolmentId& id) {
  std::optional<Enrolment> enrolment = read_enrolment(id);
  if (!enrolment || !enrolment->awaiting_configuration) return;
  enrolment->awaiting_configuration = false;
  write(id, *enrolment);
}

std::optional<DeliveryRow> RocksdbTransaction::next_ready(BytesView life, ScheduleInUse& schedule) {
  std::optional<DeliveryRow> first;  // one that ends Setup Assistant
  std::optional<DeliveryRow> found;
  LiveQueue(rows_, schedule.row, life).scan([&](DeliveryRow row) {
    if (row.put_off_round == schedule.row.round) return true;
    if (!ends_setup(row.delivery.request_type)) {
      found = std::move(row);
    } else if (!first) {
      first = std::move(row);
    }
    return !found.has_value();
  });
  return found ? found : first;
}

Result<std::optional<mdm::Command>> RocksdbTransaction::next_command(
    const mdm::EnrolmentId& enrolment, NotNow not_now, Time now) {
  ScheduleInUse* schedule = find_schedule(enrolment);
  if (!schedule) return no_enrolment(enrolment);
  Schedule& queue = schedule->row;
  std::optional<mdm::Command> command;
  if (queue.live == 0) return finish(std::move(command));

  if (not_now == NotNow::offer && queue.put_off > 0) {
    ++queue.round;
    queue.put_off = 0;
    schedule->changed = true;
  }
  const Bytes life = life_prefix(enrolment, queue.generation);
  while (queue.live > queue.put_off) {
    std::optional<DeliveryRow> row = next_ready(life, *schedule);
    if (!row) return refuse(ErrorCode::corrupt, "a queue is shorter than its count");
    const CommandRow* stored = find_command_row(row->delivery.command);
    if (!stored) return refuse(ErrorCode::corrupt, "a queued command has lost its record");
    if (!has_expired(row->delivery, now)) {
      row->delivery.state = DeliveryState::sent;
      ++row->delivery.times_sent;
      row->delivery.sent_at = now;
      LiveQueue(rows_, queue, life).replace(*row);
      schedule->changed = true;
      command = command_from(row->delivery.command, *stored);
      return finish(std::move(command));
    }
    end_delivery(enrolment, life, *schedule, *row, DeliveryState::expired, now);
    if (rows_.failure()) break;
  }
  if (queue.live == 0) set_due(*schedule, std::nullopt);
  return finish(std::move(command));
}

Result<QueueState> RocksdbTransaction::queue_state(const mdm::EnrolmentId& enrolment) {
  QueueState state;
  if (const Schedule* schedule = look_at_schedule(enrolment)) {
    state = {.ready = schedule->live - schedule->put_off, .put_off = schedule->put_off};
  }
  return finish(std::move(state));
}

Result<void> RocksdbTransaction::cancel(const mdm::EnrolmentId& enrolment,
                                        const mdm::CommandUuid& command, Time now) {
  ScheduleInUse* schedule = find_schedule(enrolment);
  if (!schedule) return no_enrolment(enrolment);
  const Bytes life = life_prefix(enrolment, schedule->row.generation);
  auto row = LiveQueue(rows_, schedule->row, life).find(command);
  if (!row) return refuse(ErrorCode::not_found, "no command " + command.text + " queued");
  if (is_end_state(row->delivery.state)) {
    return refuse(ErrorCode::conflict,
                  "command " + command.text + " has ended (" + name_of(row->delivery.state) + ")");
  }
  end_delivery(enrolment, life, *schedule, *row, DeliveryState::cancelled, now);
  if (schedule->row.live == 0) set_due(*schedule, std::nullopt);
  must_sync();
  return finish();
}

Result<std::vector<Delivery>> RocksdbTransaction::deliveries(const mdm::EnrolmentId& enrolment,
                                                             std::size_t count_max) {
  std::vector<Delivery> listed;
  ScheduleInUse* schedule = find_schedule(enrolment);
  if (!schedule) return finish(std::move(listed));
  const Bytes life = life_prefix(enrolment, schedule->row.generation);
  if (count_max > 0) {
    LiveQueue(rows_, schedule->row, life).scan([&](DeliveryRow row) {
      listed.push_back(std::move(row.delivery));
      return listed.size() < count_max;
    });
  }
  // For operators, and a life has not many: they are sorted here rather than on the disk.
  if (listed.size() < count_max) {
    for (DeliveryRow& row : ended_deliveries(life)) {
      if (listed.size() == count_max) break;
      listed.push_back(std::move(row.delivery));
    }
  }
  return finish(std::move(listed));
}

std::vector<DeliveryRow> RocksdbTransaction::ended_deliveries(BytesView life) {
  std::vector<DeliveryRow> ended;
  rows_.scan(Table::deliveries, life, life, [&](BytesView /*key*/, BytesView value) {
    std::optional<DeliveryRow> row = rows_.checked(decode_delivery(value));
    if (row && is_end_state(row->delivery.state)) ended.push_back(*std::move(row));
    return row.has_value();
  });
  std::ranges::sort(ended, std::ranges::greater(), &DeliveryRow::sequence);
  return ended;
}

Result<std::optional<Delivery>> RocksdbTransaction::find_delivery(const mdm::EnrolmentId& enrolment,
                                                                  const mdm::CommandUuid& command) {
  std::optional<Delivery> found;
  if (ScheduleInUse* schedule = find_schedule(enrolment)) {
    const Bytes life = life_prefix(enrolment, schedule->row.generation);
    auto row = LiveQueue(rows_, schedule->row, life).find(command);
    if (row) found = std::move(row->delivery);
  }
  return finish(std::move(found));
}

}  // namespace reveille::storage::rocks
