#include <algorithm>

#include "protocol/base/ensure.h"
#include "storage/rocksdb/transaction.h"

// Commands, and the queue of each enrolment. A delivery has two rows for its whole life: one in
// `deliveries`, found by its command, and one in `queue`, found by its place.
namespace reveille::storage::rocks {
namespace {

mdm::Command command_from(const mdm::CommandUuid& uuid, CommandRow row) {
  return {.uuid = uuid, .request_type = std::move(row.request_type), .body = std::move(row.body)};
}

// The number at the end of a key of `queue`.
std::uint64_t sequence_of(BytesView key) {
  std::uint64_t sequence = 0;
  for (const char byte : key.substr(key.size() - 8)) {
    sequence = sequence << 8 | static_cast<unsigned char>(byte);
  }
  return sequence;
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
  const Order order{.command = command, .stored = *stored, .priority = priority, .batch = nullptr};
  std::vector<Enqueued> answers = enqueue_all(enrolments, order, now);
  if (std::ranges::find(answers, Enqueued::queued) != answers.end()) must_sync();
  return finish(std::move(answers));
}

// Reads for all together: their schedules, then whether they hold the command already.
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
    target.life = life_prefix(ids[i], target.schedule->row.generation);
    if (target.schedule->row.next_sequence == 0) continue;  // its queue has never held anything
    asked.push_back(i);
    keys.push_back(delivery_key(target.life, order.command));
  }
  rows_.get_all(Table::deliveries, keys, [&](std::size_t place, BytesView /*value*/) {
    targets[asked[place]].holds_command = true;
  });

  std::vector<Enqueued> answers;
  answers.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    answers.push_back(enqueue_one(ids[i], targets[i], order, now));
  }
  return answers;
}

Enqueued RocksdbTransaction::enqueue_one(const mdm::EnrolmentId& id, const Target& target,
                                         const Order& order, Time now) {
  ScheduleInUse* schedule = target.schedule;
  if (!schedule) return Enqueued::not_found;
  Schedule& row = schedule->row;
  if (row.state != EnrolmentState::enrolled) return Enqueued::not_enrolled;
  const Bytes key = delivery_key(target.life, order.command);
  // An id that repeats has been served meanwhile.
  const bool holds_command = target.holds_command || rows_.has_written(Table::deliveries, key);
  if (holds_command) return Enqueued::already_queued;
  if (row.live >= database_.options().queue_commands_max) return Enqueued::queue_full;

  DeliveryRow delivery;
  delivery.sequence = row.next_sequence++;
  delivery.delivery.command = order.command;
  delivery.delivery.request_type = order.stored.request_type;
  delivery.delivery.queued_at = now;
  ++row.live;
  if (order.batch) {
    delivery.delivery.batch = order.batch->id;
    delivery.delivery.expires_at = order.batch->expires_at;
    ++row.live_of_batches;
  }
  schedule->changed = true;
  rows_.put(Table::deliveries, key, encode(delivery));
  rows_.put(Table::queue, queue_key(target.life, delivery.sequence),
            encode(QueueRow{.command = order.command, .put_off_round = 0, .ended = false}));
  count(partition_of(id), Counter::deliveries_live, +1);

  if (!row.may_be_pushed()) return Enqueued::queued;
  const Time coalesced_until = row.wake.last_pushed_at + database_.options().wake_coalescing;
  if (row.wake.attempts > 0 && now < coalesced_until) {
    // The push under way may have been an operator's, with nothing due behind it.
    if (!row.wake.due_at) set_due(id, *schedule, coalesced_until);
  } else {
    make_due(id, *schedule, now, order.priority);
  }
  return Enqueued::queued;
}

void RocksdbTransaction::put_off(BytesView life, ScheduleInUse& schedule, DeliveryRow& row) {
  row.delivery.state = DeliveryState::queued;
  ++row.delivery.times_not_now;
  row.put_off_round = schedule.row.round;
  ++schedule.row.put_off;
  schedule.changed = true;
  rows_.put(Table::deliveries, delivery_key(life, row.delivery.command), encode(row));
  rows_.put(Table::queue, queue_key(life, row.sequence),
            encode(QueueRow{.command = row.delivery.command,
                            .put_off_round = row.put_off_round,
                            .ended = false}));
}

void RocksdbTransaction::end_delivery(const mdm::EnrolmentId& id, BytesView life,
                                      ScheduleInUse& schedule, DeliveryRow& row,
                                      DeliveryState state, Time now) {
  Schedule& queue = schedule.row;
  if (queue.live == 0) {
    rows_.fail({.code = ErrorCode::corrupt, .detail = "a queue is longer than its count"});
    return;
  }
  --queue.live;
  if (row.delivery.batch) {
    --queue.live_of_batches;
    count_end(partition_of(id), *row.delivery.batch, state);
  }
  if (row.put_off_round == queue.round && queue.put_off > 0) --queue.put_off;
  if (queue.live == 0) {
    queue.head = queue.next_sequence;
  } else if (row.sequence == queue.head) {
    ++queue.head;
  } else {
    rows_.put(Table::queue, queue_key(life, row.sequence),
              encode(QueueRow{.command = row.delivery.command, .put_off_round = 0, .ended = true}));
  }
  schedule.changed = true;

  row.delivery.state = state;
  row.delivery.ended_at = now;
  rows_.put(Table::deliveries, delivery_key(life, row.delivery.command), encode(row));
  count(partition_of(id), Counter::deliveries_live, -1);
  count(partition_of(id), counter_of(state), +1);
}

void RocksdbTransaction::void_queue(const mdm::EnrolmentId& id, ScheduleInUse& schedule, Time now) {
  const Bytes life = life_prefix(id, schedule.row.generation);
  std::vector<Place> live;
  scan_live(life, schedule, [&](Place place) {
    live.push_back(std::move(place));
    return true;
  });
  for (const Place& place : live) {
    const Bytes key = delivery_key(life, place.row.command);
    auto row = rows_.read(Table::deliveries, key, decode_delivery);
    if (!row) {
      rows_.fail({.code = ErrorCode::corrupt, .detail = "a queue has lost a delivery"});
      return;
    }
    schedule.row.head = place.sequence;  // in order, so the queue's own rows can stay
    end_delivery(id, life, schedule, *row, DeliveryState::voided, now);
  }
}

Result<Recorded> RocksdbTransaction::record_report(const mdm::EnrolmentId& enrolment,
                                                   const mdm::CommandUuid& command,
                                                   mdm::Status status, BytesView body, Time now) {
  ensure(status != mdm::Status::idle, "Idle answers no command");
  ScheduleInUse* schedule = find_schedule(enrolment);
  if (!schedule) return no_enrolment(enrolment);
  const Bytes life = life_prefix(enrolment, schedule->row.generation);
  const Bytes key = delivery_key(life, command);
  auto row = rows_.read(Table::deliveries, key, decode_delivery);
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
    rows_.put(Table::results, key, Bytes(body));
    if (schedule->row.live == 0) set_due(enrolment, *schedule, std::nullopt);
  }
  must_sync();
  return finish(std::move(recorded));
}

void RocksdbTransaction::scan_live(BytesView life, ScheduleInUse& schedule,
                                   const std::function<bool(Place place)>& visit) {
  if (schedule.row.live == 0) return;
  bool is_first = true;
  const Bytes head_key = queue_key(life, schedule.row.head);
  rows_.scan(Table::queue, life, head_key, [&](BytesView key, BytesView value) {
    std::optional<QueueRow> row = rows_.checked(decode_queue(value));
    if (!row) return false;
    if (row->ended) return true;
    Place place{.sequence = sequence_of(key), .row = *std::move(row)};
    if (is_first && place.sequence != schedule.row.head) {
      schedule.row.head = place.sequence;
      schedule.changed = true;
    }
    is_first = false;
    return visit(std::move(place));
  });
}

std::optional<RocksdbTransaction::Place> RocksdbTransaction::first_ready(BytesView life,
                                                                         ScheduleInUse& schedule) {
  const auto is_ready = [&](const QueueRow& row) {
    return !row.ended && row.put_off_round != schedule.row.round;
  };
  // Mostly the head is there and ready: one point read, no scan.
  const std::uint64_t sequence = schedule.row.head;
  auto head = rows_.read(Table::queue, queue_key(life, sequence), decode_queue);
  if (head && is_ready(*head)) return Place{.sequence = sequence, .row = *std::move(head)};

  std::optional<Place> found;
  scan_live(life, schedule, [&](Place place) {
    if (is_ready(place.row)) found = std::move(place);
    return !found.has_value();
  });
  return found;
}

std::optional<RocksdbTransaction::Place> RocksdbTransaction::first_ready_in_setup(
    BytesView life, ScheduleInUse& schedule) {
  std::optional<Place> found;
  scan_live(life, schedule, [&](Place place) {
    if (place.row.ended || place.row.put_off_round == schedule.row.round) return true;
    const CommandRow* stored = find_command_row(place.row.command);
    if (stored && !ends_setup(stored->request_type)) found = std::move(place);
    return !found.has_value();
  });
  return found;
}

std::optional<RocksdbTransaction::Place> RocksdbTransaction::next_place(BytesView life,
                                                                        ScheduleInUse& schedule) {
  std::optional<Place> place = first_ready(life, schedule);
  if (!place) return place;
  const CommandRow* first = find_command_row(place->row.command);
  if (!first || !ends_setup(first->request_type)) return place;
  std::optional<Place> earlier = first_ready_in_setup(life, schedule);
  return earlier ? earlier : place;
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
    const std::optional<Place> place = next_place(life, *schedule);
    if (!place) return refuse(ErrorCode::corrupt, "a queue is shorter than its count");
    const Bytes key = delivery_key(life, place->row.command);
    auto row = rows_.read(Table::deliveries, key, decode_delivery);
    const CommandRow* stored = find_command_row(place->row.command);
    if (!row || !stored) return refuse(ErrorCode::corrupt, "a queued command has lost its record");
    if (!has_expired(row->delivery, now)) {
      row->delivery.state = DeliveryState::sent;
      ++row->delivery.times_sent;
      row->delivery.sent_at = now;
      rows_.put(Table::deliveries, key, encode(*row));
      command = command_from(place->row.command, *stored);
      return finish(std::move(command));
    }
    end_delivery(enrolment, life, *schedule, *row, DeliveryState::expired, now);
    if (rows_.failure()) break;
  }
  if (queue.live == 0) set_due(enrolment, *schedule, std::nullopt);
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
  auto row = rows_.read(Table::deliveries, delivery_key(life, command), decode_delivery);
  if (!row) return refuse(ErrorCode::not_found, "no command " + command.text + " queued");
  if (is_end_state(row->delivery.state)) {
    return refuse(ErrorCode::conflict,
                  "command " + command.text + " has ended (" + name_of(row->delivery.state) + ")");
  }
  end_delivery(enrolment, life, *schedule, *row, DeliveryState::cancelled, now);
  if (schedule->row.live == 0) set_due(enrolment, *schedule, std::nullopt);
  must_sync();
  return finish();
}

Result<std::vector<Delivery>> RocksdbTransaction::deliveries(const mdm::EnrolmentId& enrolment,
                                                             std::size_t count_max) {
  std::vector<Delivery> listed;
  ScheduleInUse* schedule = find_schedule(enrolment);
  if (!schedule) return finish(std::move(listed));
  const Bytes life = life_prefix(enrolment, schedule->row.generation);
  const auto list = [&](const mdm::CommandUuid& command) {
    auto row = rows_.read(Table::deliveries, delivery_key(life, command), decode_delivery);
    if (row) listed.push_back(std::move(row->delivery));
    return row.has_value() && listed.size() < count_max;
  };
  if (count_max > 0) {
    scan_live(life, *schedule, [&](const Place& place) { return list(place.row.command); });
  }
  // What ended, from the end of the queue backwards. Its live rows are passed over: few, and they
  // were just read.
  const std::uint64_t head = schedule->row.live == 0 ? schedule->row.next_sequence
                                                     : schedule->row.head;
  for (std::uint64_t at = schedule->row.next_sequence; at-- > 0 && listed.size() < count_max;) {
    const auto row = rows_.read(Table::queue, queue_key(life, at), decode_queue);
    if (!row) return refuse(ErrorCode::corrupt, "a queue has lost a place");
    if ((at < head || row->ended) && !list(row->command)) break;
  }
  return finish(std::move(listed));
}

Result<std::optional<Delivery>> RocksdbTransaction::find_delivery(const mdm::EnrolmentId& enrolment,
                                                                  const mdm::CommandUuid& command) {
  std::optional<Delivery> found;
  if (const Schedule* schedule = look_at_schedule(enrolment)) {
    const Bytes key = delivery_key(life_prefix(enrolment, schedule->generation), command);
    auto row = rows_.read(Table::deliveries, key, decode_delivery);
    if (row) found = std::move(row->delivery);
  }
  return finish(std::move(found));
}

Result<std::optional<Bytes>> RocksdbTransaction::find_result(const mdm::EnrolmentId& enrolment,
                                                             const mdm::CommandUuid& command) {
  std::optional<Bytes> found;
  if (const Schedule* schedule = look_at_schedule(enrolment)) {
    found = rows_.get(Table::results,
                      delivery_key(life_prefix(enrolment, schedule->generation), command));
  }
  return finish(std::move(found));
}

}  // namespace reveille::storage::rocks
