#include "protocol/base/ensure.h"
#include "storage/rocksdb/transaction.h"

// Commands, and the queue of each enrolment. A delivery has one row in `deliveries` for its whole
// life, found by its command, and one in `queue` while it is live or in `history` after, found by
// its place.
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
    std::span<const mdm::EnrolmentId> enrolments, const mdm::CommandUuid& command, Time now) {
  const auto stored = rows_.read(Table::commands, command.text, decode_command);
  if (!stored) return refuse(ErrorCode::not_found, "no command " + command.text);
  std::vector<Enqueued> answers;
  answers.reserve(enrolments.size());
  for (const mdm::EnrolmentId& id : enrolments) {
    answers.push_back(enqueue_one(id, command, *stored, now));
  }
  return finish(std::move(answers));
}

Enqueued RocksdbTransaction::enqueue_one(const mdm::EnrolmentId& id,
                                         const mdm::CommandUuid& command, const CommandRow& stored,
                                         Time now) {
  std::optional<Schedule> schedule = read_schedule(id);
  if (!schedule) return Enqueued::not_found;
  if (schedule->state != EnrolmentState::enrolled) return Enqueued::not_enrolled;
  const Bytes life = life_prefix(id, schedule->generation);
  const Bytes key = delivery_key(life, command);
  const bool first_ever = schedule->next_sequence == 0;
  if (!first_ever && rows_.get(Table::deliveries, key)) return Enqueued::already_queued;
  if (schedule->live >= database_.options().queue_commands_max) return Enqueued::queue_full;

  DeliveryRow row;
  row.sequence = schedule->next_sequence++;
  row.delivery.command = command;
  row.delivery.request_type = stored.request_type;
  row.delivery.queued_at = now;
  if (schedule->live == 0) schedule->head = row.sequence;
  ++schedule->live;
  rows_.put(Table::deliveries, key, encode(row));
  rows_.put(Table::queue, queue_key(life, row.sequence),
            encode(QueueRow{.command = command, .put_off_round = 0}));
  count(partition_of(id), Counter::deliveries_live, +1);

  if (schedule->may_be_pushed()) {
    const WakeState& wake = schedule->wake;
    const Time coalesced_until = wake.last_pushed_at + database_.options().wake_coalescing;
    if (wake.attempts > 0 && now < coalesced_until) {
      // The push under way may have been an operator's, with nothing due behind it.
      if (!wake.due_at) set_due(id, *schedule, coalesced_until);
    } else if (!wake.due_at || *wake.due_at > now) {
      set_due(id, *schedule, now);
    }
  }
  write(id, *schedule);
  must_sync();
  return Enqueued::queued;
}

void RocksdbTransaction::put_off(BytesView life, Schedule& schedule, DeliveryRow& row) {
  row.delivery.state = DeliveryState::queued;
  ++row.delivery.times_not_now;
  row.put_off_round = schedule.round;
  ++schedule.put_off;
  rows_.put(Table::deliveries, delivery_key(life, row.delivery.command), encode(row));
  rows_.put(Table::queue, queue_key(life, row.sequence),
            encode(QueueRow{.command = row.delivery.command, .put_off_round = row.put_off_round}));
}

void RocksdbTransaction::end_delivery(const mdm::EnrolmentId& id, BytesView life,
                                      Schedule& schedule, DeliveryRow& row, DeliveryState state,
                                      Time now) {
  if (schedule.live == 0) {
    rows_.fail({.code = ErrorCode::corrupt, .detail = "a queue is longer than its count"});
    return;
  }
  --schedule.live;
  if (row.put_off_round == schedule.round && schedule.put_off > 0) --schedule.put_off;
  if (row.sequence == schedule.head) ++schedule.head;
  if (schedule.live == 0) schedule.head = schedule.next_sequence;

  row.delivery.state = state;
  row.delivery.ended_at = now;
  rows_.put(Table::deliveries, delivery_key(life, row.delivery.command), encode(row));
  rows_.erase(Table::queue, queue_key(life, row.sequence));
  rows_.put(Table::history, history_key(life, row.sequence), encode_history(row.delivery.command));
  count(partition_of(id), Counter::deliveries_live, -1);
  count(partition_of(id), counter_of(state), +1);
}

void RocksdbTransaction::void_queue(const mdm::EnrolmentId& id, Schedule& schedule, Time now) {
  const Bytes life = life_prefix(id, schedule.generation);
  std::vector<mdm::CommandUuid> live;
  rows_.scan(Table::queue, life, queue_key(life, schedule.head), [&](BytesView, BytesView value) {
    std::optional<QueueRow> row = rows_.checked(decode_queue(value));
    if (row) live.push_back(std::move(row->command));
    return row.has_value();
  });
  for (const mdm::CommandUuid& command : live) {
    auto row = rows_.read(Table::deliveries, delivery_key(life, command), decode_delivery);
    if (!row) {
      rows_.fail({.code = ErrorCode::corrupt, .detail = "a queue has lost a delivery"});
      return;
    }
    end_delivery(id, life, schedule, *row, DeliveryState::voided, now);
  }
}

Result<Recorded> RocksdbTransaction::record_report(const mdm::EnrolmentId& enrolment,
                                                   const mdm::CommandUuid& command,
                                                   mdm::Status status, BytesView body, Time now) {
  ensure(status != mdm::Status::idle, "Idle answers no command");
  std::optional<Schedule> schedule = read_schedule(enrolment);
  if (!schedule) return no_enrolment(enrolment);
  const Bytes life = life_prefix(enrolment, schedule->generation);
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
    if (row->put_off_round == schedule->round) return finish(std::move(recorded));
    put_off(life, *schedule, *row);
  } else {
    const bool acknowledged = status == mdm::Status::acknowledged;
    row->delivery.final_status = mdm::name_of(status);
    end_delivery(enrolment, life, *schedule, *row,
                 acknowledged ? DeliveryState::acknowledged : DeliveryState::failed, now);
    rows_.put(Table::results, key, body);
    if (schedule->live == 0) set_due(enrolment, *schedule, std::nullopt);
  }
  write(enrolment, *schedule);
  must_sync();
  return finish(std::move(recorded));
}

std::optional<RocksdbTransaction::Place> RocksdbTransaction::first_ready(BytesView life,
                                                                         Schedule& schedule) {
  const auto is_ready = [&](const QueueRow& row) { return row.put_off_round != schedule.round; };
  // Mostly the head is there and ready: one point read, no scan.
  const Bytes head_key = queue_key(life, schedule.head);
  auto head = rows_.read(Table::queue, head_key, decode_queue);
  if (head && is_ready(*head)) return Place{.sequence = schedule.head, .row = *std::move(head)};

  std::optional<Place> found;
  bool is_first = true;
  rows_.scan(Table::queue, life, head_key, [&](BytesView key, BytesView value) {
    std::optional<QueueRow> row = rows_.checked(decode_queue(value));
    if (!row) return false;
    if (is_first) schedule.head = sequence_of(key);
    is_first = false;
    if (is_ready(*row)) found = Place{.sequence = sequence_of(key), .row = *std::move(row)};
    return !found.has_value();
  });
  return found;
}

Result<std::optional<mdm::Command>> RocksdbTransaction::next_command(
    const mdm::EnrolmentId& enrolment, NotNow not_now, Time now) {
  std::optional<Schedule> schedule = read_schedule(enrolment);
  if (!schedule) return no_enrolment(enrolment);
  std::optional<mdm::Command> command;
  if (schedule->live == 0) return finish(std::move(command));

  bool changed = false;
  if (not_now == NotNow::offer && schedule->put_off > 0) {
    ++schedule->round;
    schedule->put_off = 0;
    changed = true;
  }
  if (schedule->live == schedule->put_off) return finish(std::move(command));

  const Bytes life = life_prefix(enrolment, schedule->generation);
  const std::uint64_t head_before = schedule->head;
  const std::optional<Place> place = first_ready(life, *schedule);
  changed = changed || schedule->head != head_before;
  if (!place) {
    return refuse(ErrorCode::corrupt, "a queue is shorter than its count");
  }
  const Bytes key = delivery_key(life, place->row.command);
  auto row = rows_.read(Table::deliveries, key, decode_delivery);
  auto stored = rows_.read(Table::commands, place->row.command.text, decode_command);
  if (!row || !stored) return refuse(ErrorCode::corrupt, "a queued command has lost its record");

  row->delivery.state = DeliveryState::sent;
  ++row->delivery.times_sent;
  row->delivery.sent_at = now;
  rows_.put(Table::deliveries, key, encode(*row));
  if (changed) write(enrolment, *schedule);
  command = command_from(place->row.command, *std::move(stored));
  return finish(std::move(command));
}

Result<QueueState> RocksdbTransaction::queue_state(const mdm::EnrolmentId& enrolment) {
  QueueState state;
  if (const std::optional<Schedule> schedule = read_schedule(enrolment)) {
    state = {.ready = schedule->live - schedule->put_off, .put_off = schedule->put_off};
  }
  return finish(std::move(state));
}

Result<void> RocksdbTransaction::cancel(const mdm::EnrolmentId& enrolment,
                                        const mdm::CommandUuid& command, Time now) {
  std::optional<Schedule> schedule = read_schedule(enrolment);
  if (!schedule) return no_enrolment(enrolment);
  const Bytes life = life_prefix(enrolment, schedule->generation);
  auto row = rows_.read(Table::deliveries, delivery_key(life, command), decode_delivery);
  if (!row) return refuse(ErrorCode::not_found, "no command " + command.text + " queued");
  if (is_end_state(row->delivery.state)) {
    return refuse(ErrorCode::conflict,
                  "command " + command.text + " has ended (" + name_of(row->delivery.state) + ")");
  }
  end_delivery(enrolment, life, *schedule, *row, DeliveryState::cancelled, now);
  if (schedule->live == 0) set_due(enrolment, *schedule, std::nullopt);
  write(enrolment, *schedule);
  must_sync();
  return finish();
}

Result<std::vector<Delivery>> RocksdbTransaction::deliveries(const mdm::EnrolmentId& enrolment,
                                                             std::size_t count_max) {
  std::vector<Delivery> listed;
  const std::optional<Schedule> schedule = read_schedule(enrolment);
  if (!schedule) return finish(std::move(listed));
  const Bytes life = life_prefix(enrolment, schedule->generation);

  std::vector<mdm::CommandUuid> commands;
  rows_.scan(Table::queue, life, queue_key(life, schedule->head), [&](BytesView, BytesView value) {
    if (commands.size() == count_max) return false;
    std::optional<QueueRow> row = rows_.checked(decode_queue(value));
    if (row) commands.push_back(std::move(row->command));
    return row.has_value();
  });
  rows_.scan(Table::history, life, life, [&](BytesView, BytesView value) {
    if (commands.size() == count_max) return false;
    std::optional<mdm::CommandUuid> command = rows_.checked(decode_history(value));
    if (command) commands.push_back(*std::move(command));
    return command.has_value();
  });
  for (const mdm::CommandUuid& command : commands) {
    auto row = rows_.read(Table::deliveries, delivery_key(life, command), decode_delivery);
    if (!row) return refuse(ErrorCode::corrupt, "a queue has lost a delivery");
    listed.push_back(std::move(row->delivery));
  }
  return finish(std::move(listed));
}

Result<std::optional<Delivery>> RocksdbTransaction::find_delivery(const mdm::EnrolmentId& enrolment,
                                                                  const mdm::CommandUuid& command) {
  std::optional<Delivery> found;
  if (const std::optional<Schedule> schedule = read_schedule(enrolment)) {
    const Bytes key = delivery_key(life_prefix(enrolment, schedule->generation), command);
    auto row = rows_.read(Table::deliveries, key, decode_delivery);
    if (row) found = std::move(row->delivery);
  }
  return finish(std::move(found));
}

Result<std::optional<Bytes>> RocksdbTransaction::find_result(const mdm::EnrolmentId& enrolment,
                                                             const mdm::CommandUuid& command) {
  std::optional<Bytes> found;
  if (const std::optional<Schedule> schedule = read_schedule(enrolment)) {
    found = rows_.get(Table::results,
                      delivery_key(life_prefix(enrolment, schedule->generation), command));
  }
  return finish(std::move(found));
}

}  // namespace reveille::storage::rocks
