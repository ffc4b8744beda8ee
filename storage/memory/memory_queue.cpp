#include <algorithm>

#include "protocol/base/ensure.h"
#include "storage/memory/memory_transaction.h"

// Commands, and the queue of each enrolment.
namespace reveille::storage::memory {

const QueueEntry* find_entry(const EnrolmentRecord& record, const mdm::CommandUuid& command) {
  const auto it = std::ranges::find_if(
      record.entries, [&](const QueueEntry& entry) { return entry.delivery.command == command; });
  return it == record.entries.end() ? nullptr : &*it;
}

QueueEntry* find_entry(EnrolmentRecord& record, const mdm::CommandUuid& command) {
  return const_cast<QueueEntry*>(find_entry(std::as_const(record), command));
}

namespace {

// Whose turn it is; nullptr when nothing is ready.
QueueEntry* find_next(EnrolmentRecord& record) {
  QueueEntry* next = nullptr;
  for (QueueEntry& entry : record.entries) {
    if (!is_live(entry) || entry.put_off) continue;
    const bool waits = ends_setup(entry.delivery.request_type);
    if (!next || !waits) next = &entry;
    if (!waits) break;
  }
  return next;
}

void keep_result(EnrolmentRecord& record, QueueEntry& entry, const ReportBody& body) {
  if (body.upload()) {
    entry.result = std::move(record.uploads.extract(*body.upload()).mapped());
    entry.upload = body.upload();
  } else {
    entry.result = {Bytes(body.bytes())};
  }
}

}  // namespace

Result<void> MemoryTransaction::put_command(const mdm::Command& command, Time /*now*/) {
  if (const mdm::Command* stored = commands_.find(command.uuid)) {
    if (*stored == command) return {};
    return failure(ErrorCode::conflict,
                   "command " + command.uuid.text + " is stored with other bytes");
  }
  commands_.edit(command.uuid) = command;
  return {};
}

Result<std::optional<mdm::Command>> MemoryTransaction::find_command(
    const mdm::CommandUuid& command) {
  const mdm::Command* stored = commands_.find(command);
  if (!stored) return std::nullopt;
  return *stored;
}

Enqueued MemoryTransaction::enqueue_one(const mdm::EnrolmentId& id, const mdm::Command& command,
                                        Time now, Priority priority, const Batch* batch) {
  const EnrolmentRecord* found = enrolments_.find(id);
  if (!found) return Enqueued::not_found;
  if (found->enrolment.state != EnrolmentState::enrolled) return Enqueued::not_enrolled;
  if (find_entry(*found, command.uuid)) return Enqueued::already_queued;
  if (live_count(*found) >= options_.queue_commands_max) return Enqueued::queue_full;

  EnrolmentRecord& record = enrolments_.edit(id);
  Delivery delivery;
  delivery.command = command.uuid;
  delivery.request_type = command.request_type;
  delivery.queued_at = now;
  if (batch) {
    delivery.batch = batch->id;
    delivery.expires_at = batch->expires_at;
  }
  QueueEntry entry;
  entry.delivery = std::move(delivery);
  record.entries.push_back(std::move(entry));

  if (!may_be_pushed(record.enrolment)) return Enqueued::queued;
  WakeState& wake = record.wake;
  const bool push_is_under_way =
      wake.attempts > 0 && now - wake.last_pushed_at < options_.wake_coalescing;
  if (!push_is_under_way) {
    make_due(wake, now, priority);
  } else if (!wake.due_at) {
    // That push may have been an operator's, with nothing due behind it: the new work needs its
    // own.
    wake.due_at = wake.last_pushed_at + options_.wake_coalescing;
    wake.priority = Priority::bulk;
  }
  return Enqueued::queued;
}

Result<std::vector<Enqueued>> MemoryTransaction::enqueue(
    std::span<const mdm::EnrolmentId> enrolments, const mdm::CommandUuid& command, Time now,
    Priority priority) {
  const mdm::Command* stored = commands_.find(command);
  if (!stored) return failure(ErrorCode::not_found, "no command " + command.text);
  std::vector<Enqueued> answers;
  for (const mdm::EnrolmentId& id : enrolments) {
    answers.push_back(enqueue_one(id, *stored, now, priority, nullptr));
  }
  return answers;
}

Result<void> MemoryTransaction::put_report_piece(const mdm::EnrolmentId& enrolment,
                                                 const mdm::CommandUuid& command, UploadId upload,
                                                 std::uint32_t piece, BytesView bytes) {
  ensure(bytes.size() <= report_piece_bytes_max, "a piece is not too long");
  const EnrolmentRecord* found = enrolments_.find(enrolment);
  const QueueEntry* entry = found ? find_entry(*found, command) : nullptr;
  if (!entry || !is_live(*entry)) {
    return failure(ErrorCode::not_found, "no command " + command.text + " is live here");
  }
  const auto before = found->uploads.find(upload);
  const std::size_t next = before == found->uploads.end() ? 0 : before->second.size();
  const bool is_recorded = std::ranges::any_of(
      found->entries, [&](const QueueEntry& other) { return other.upload == upload; });
  if (is_recorded || piece != next)
    return failure(ErrorCode::conflict, "not the next piece of its upload");
  enrolments_.edit(enrolment).uploads[upload].emplace_back(bytes);
  return {};
}

Result<void> MemoryTransaction::drop_upload(const mdm::EnrolmentId& enrolment, UploadId upload) {
  if (enrolments_.find(enrolment)) enrolments_.edit(enrolment).uploads.erase(upload);
  return {};
}

Result<Recorded> MemoryTransaction::record_report(const mdm::EnrolmentId& enrolment,
                                                  const mdm::CommandUuid& command,
                                                  mdm::Status status, const ReportBody& body,
                                                  Time now) {
  ensure(status != mdm::Status::idle, "Idle answers no command");
  const EnrolmentRecord* found = enrolments_.find(enrolment);
  if (!found) return no_enrolment(enrolment);
  const QueueEntry* before = find_entry(*found, command);
  const bool is_kept = before && is_live(*before) && status != mdm::Status::not_now;
  if (is_kept && body.upload() && !found->uploads.contains(*body.upload())) {
    return failure(ErrorCode::conflict, "the report's pieces are not there");
  }
  if (!is_kept && body.upload()) {
    EnrolmentRecord& record = enrolments_.edit(enrolment);
    record.uploads.erase(*body.upload());
    before = find_entry(std::as_const(record), command);
  }
  if (!before) return Recorded{.kind = Recorded::Kind::unknown, .request_type = {}};
  const std::string request_type = before->delivery.request_type;
  if (!is_live(*before)) {
    return Recorded{.kind = Recorded::Kind::duplicate, .request_type = request_type};
  }

  EnrolmentRecord& record = enrolments_.edit(enrolment);
  QueueEntry& entry = *find_entry(record, command);
  if (status == mdm::Status::not_now) {
    if (!entry.put_off) ++entry.delivery.times_not_now;
    entry.put_off = true;
    entry.delivery.state = DeliveryState::queued;
  } else {
    const bool acknowledged = status == mdm::Status::acknowledged;
    end_delivery(entry, acknowledged ? DeliveryState::acknowledged : DeliveryState::failed, now);
    entry.delivery.final_status = mdm::name_of(status);
    keep_result(record, entry, body);
    if (live_count(record) == 0) forget_wake(record);
    if (acknowledged && ends_setup(request_type)) record.enrolment.awaiting_configuration = false;
  }
  return Recorded{.kind = Recorded::Kind::recorded, .request_type = request_type};
}

Result<std::optional<mdm::Command>> MemoryTransaction::next_command(
    const mdm::EnrolmentId& enrolment, NotNow not_now, Time now) {
  if (!enrolments_.find(enrolment)) return no_enrolment(enrolment);
  EnrolmentRecord& record = enrolments_.edit(enrolment);
  if (not_now == NotNow::offer) {
    for (QueueEntry& entry : record.entries) entry.put_off = false;
  }
  while (QueueEntry* next = find_next(record)) {
    if (!has_expired(next->delivery, now)) {
      next->delivery.state = DeliveryState::sent;
      ++next->delivery.times_sent;
      next->delivery.sent_at = now;
      return find_command(next->delivery.command);
    }
    end_delivery(*next, DeliveryState::expired, now);
    if (live_count(record) == 0) forget_wake(record);
  }
  return std::nullopt;
}

Result<QueueState> MemoryTransaction::queue_state(const mdm::EnrolmentId& enrolment) {
  QueueState state;
  const EnrolmentRecord* record = enrolments_.find(enrolment);
  if (!record) return state;
  for (const QueueEntry& entry : record->entries) {
    if (is_live(entry)) ++(entry.put_off ? state.put_off : state.ready);
  }
  return state;
}

Result<void> MemoryTransaction::cancel(const mdm::EnrolmentId& enrolment,
                                       const mdm::CommandUuid& command, Time now) {
  const EnrolmentRecord* found = enrolments_.find(enrolment);
  if (!found) return no_enrolment(enrolment);
  const QueueEntry* before = find_entry(*found, command);
  if (!before) return failure(ErrorCode::not_found, "no command " + command.text + " queued");
  if (!is_live(*before)) {
    return failure(ErrorCode::conflict, "command " + command.text + " has ended (" +
                                            name_of(before->delivery.state) + ")");
  }
  EnrolmentRecord& record = enrolments_.edit(enrolment);
  end_delivery(*find_entry(record, command), DeliveryState::cancelled, now);
  if (live_count(record) == 0) forget_wake(record);
  return {};
}

Result<std::vector<Delivery>> MemoryTransaction::deliveries(const mdm::EnrolmentId& enrolment,
                                                            std::size_t count_max) {
  std::vector<Delivery> listed;
  const EnrolmentRecord* record = enrolments_.find(enrolment);
  if (!record) return listed;
  for (const QueueEntry& entry : record->entries) {
    if (is_live(entry)) listed.push_back(entry.delivery);
  }
  for (auto it = record->entries.rbegin(); it != record->entries.rend(); ++it) {
    if (!is_live(*it)) listed.push_back(it->delivery);
  }
  if (listed.size() > count_max) listed.resize(count_max);
  return listed;
}

Result<std::optional<Delivery>> MemoryTransaction::find_delivery(const mdm::EnrolmentId& enrolment,
                                                                 const mdm::CommandUuid& command) {
  const EnrolmentRecord* record = enrolments_.find(enrolment);
  const QueueEntry* entry = record ? find_entry(*record, command) : nullptr;
  if (!entry) return std::nullopt;
  return entry->delivery;
}

Result<std::optional<Bytes>> MemoryTransaction::find_result(const mdm::EnrolmentId& enrolment,
                                                            const mdm::CommandUuid& command) {
  const EnrolmentRecord* record = enrolments_.find(enrolment);
  const QueueEntry* entry = record ? find_entry(*record, command) : nullptr;
  if (!entry || entry->result.empty()) return std::nullopt;
  Bytes whole;
  for (const Bytes& piece : entry->result) whole += piece;
  return whole;
}

Result<std::optional<ResultSize>> MemoryTransaction::result_size(const mdm::EnrolmentId& enrolment,
                                                                 const mdm::CommandUuid& command) {
  const EnrolmentRecord* record = enrolments_.find(enrolment);
  const QueueEntry* entry = record ? find_entry(*record, command) : nullptr;
  if (!entry || entry->result.empty()) return std::nullopt;
  ResultSize size{.bytes = 0, .pieces = static_cast<std::uint32_t>(entry->result.size())};
  for (const Bytes& piece : entry->result) size.bytes += piece.size();
  return size;
}

Result<std::optional<Bytes>> MemoryTransaction::result_piece(const mdm::EnrolmentId& enrolment,
                                                             const mdm::CommandUuid& command,
                                                             std::uint32_t piece) {
  const EnrolmentRecord* record = enrolments_.find(enrolment);
  const QueueEntry* entry = record ? find_entry(*record, command) : nullptr;
  if (!entry || piece >= entry->result.size()) return std::nullopt;
  return entry->result[piece];
}

}  // namespace reveille::storage::memory
