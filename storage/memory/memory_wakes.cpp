#include <algorithm>
#include <tuple>

#include "storage/memory/memory_transaction.h"

// Wakes: who is due is worked out from the records each time.
namespace reveille::storage::memory {
namespace {

// Of no wake at all: bulk.
Priority priority_of(const WakeState& wake) {
  return wake.due_at ? wake.priority : Priority::bulk;
}

std::optional<Time> work_expires_at(const EnrolmentRecord& record) {
  std::optional<Time> latest;
  for (const QueueEntry& entry : record.entries) {
    if (!is_live(entry)) continue;
    if (entry.delivery.expires_at == Time{}) return std::nullopt;
    latest = std::max(latest.value_or(Time{}), entry.delivery.expires_at);
  }
  return latest;
}

DueWake due_wake_of(const EnrolmentRecord& record) {
  return {.enrolment = record.enrolment.identity.enrolment,
          .generation = record.enrolment.generation,
          .due_at = record.wake.due_at.value_or(Time{}),
          .attempts = record.wake.attempts,
          .first_pushed_at = record.wake.first_pushed_at,
          .topic = record.enrolment.topic,
          .push_token = record.push_token,
          .push_magic = record.push_magic,
          .token_updated_at = record.enrolment.token_updated_at,
          .priority = priority_of(record.wake),
          .is_parked = record.enrolment.push_parked,
          .last_seen_at = record.wake.last_seen_at,
          .work_expires_at = work_expires_at(record)};
}

}  // namespace

std::vector<WakeCursor> MemoryTransaction::due_behind(Partition partition,
                                                      const WakeCursor& after) const {
  const auto place = [](const WakeCursor& cursor) {
    return std::tuple(cursor.priority, cursor.due_at, cursor.enrolment.text());
  };
  std::vector<WakeCursor> due;
  for (const mdm::EnrolmentId& id : enrolments_.keys()) {
    const WakeState& wake = enrolments_.find(id)->wake;
    if (partition_of(id) != partition || !wake.due_at) continue;
    WakeCursor cursor{.priority = wake.priority, .due_at = *wake.due_at, .enrolment = id};
    if (place(cursor) > place(after)) due.push_back(std::move(cursor));
  }
  std::ranges::sort(due, {}, place);
  return due;
}

Result<std::vector<DueWake>> MemoryTransaction::due_wakes(Partition partition,
                                                          const WakeCursor& after, Time now,
                                                          std::size_t count_max) {
  std::vector<DueWake> wakes;
  for (const WakeCursor& due : due_behind(partition, after)) {
    if (wakes.size() == count_max) break;
    if (due.due_at > now) continue;  // of the urgent ones; bulk ones that are due come behind it
    wakes.push_back(due_wake_of(*enrolments_.find(due.enrolment)));
  }
  return wakes;
}

Result<std::optional<Time>> MemoryTransaction::next_due_at(Partition partition,
                                                           const WakeCursor& after) {
  const std::vector<WakeCursor> due = due_behind(partition, after);
  if (due.empty()) return std::nullopt;
  return std::ranges::min(due, {}, &WakeCursor::due_at).due_at;
}

Result<void> MemoryTransaction::record_wakes(std::span<const WakeRecord> records, Time now) {
  for (const WakeRecord& pushed : records) {
    const EnrolmentRecord* found = enrolments_.find(pushed.enrolment);
    if (!found || found->enrolment.generation != pushed.generation) continue;
    const bool revives =
        found->enrolment.push_parked && pushed.outcome == WakeRecord::Outcome::pushed;
    if (found->wake.due_at != pushed.due_at && !revives) continue;
    const bool was_parked = found->enrolment.push_parked;
    if (pushed.outcome == WakeRecord::Outcome::unreachable && !was_parked) continue;

    EnrolmentRecord& record = enrolments_.edit(pushed.enrolment);
    if (revives) record.enrolment.push_parked = false;
    if (!was_parked || revives) record.wake.last_apns_reason = pushed.apns_reason;
    record.wake.priority = Priority::bulk;
    switch (pushed.outcome) {
      case WakeRecord::Outcome::pushed:
        if (record.wake.attempts++ == 0) record.wake.first_pushed_at = now;
        record.wake.last_pushed_at = now;
        record.wake.due_at.reset();
        if (live_count(record) > 0) record.wake.due_at = pushed.next_due_at;
        break;
      case WakeRecord::Outcome::postponed:
        if (pushed.next_due_at || !was_parked) record.wake.due_at = pushed.next_due_at;
        break;
      case WakeRecord::Outcome::parked:
        record.wake.due_at = pushed.next_due_at;
        record.enrolment.push_parked = true;
        break;
      case WakeRecord::Outcome::unreachable:
        if (auto ended = end_enrolment(pushed.enrolment, EndReason::unreachable, now); !ended) {
          return ended;
        }
        break;
    }
  }
  return {};
}

Result<void> MemoryTransaction::reschedule_wake(const mdm::EnrolmentId& enrolment,
                                                std::optional<Time> due_at, Time /*now*/) {
  if (!enrolments_.find(enrolment)) return {};
  EnrolmentRecord& record = enrolments_.edit(enrolment);
  record.wake.forget_attempts();
  record.wake.priority = Priority::bulk;
  if (record.enrolment.push_parked) return {};
  record.wake.due_at = may_be_pushed(record.enrolment) ? due_at : std::nullopt;
  return {};
}

Result<std::vector<Enqueued>> MemoryTransaction::request_wakes(
    std::span<const mdm::EnrolmentId> enrolments, Time now, Priority priority) {
  std::vector<Enqueued> answers;
  for (const mdm::EnrolmentId& id : enrolments) {
    const EnrolmentRecord* found = enrolments_.find(id);
    if (!found) {
      answers.push_back(Enqueued::not_found);
    } else if (!may_be_pushed(found->enrolment)) {
      answers.push_back(Enqueued::not_enrolled);
    } else {
      make_due(enrolments_.edit(id).wake, now, priority);
      answers.push_back(Enqueued::queued);
    }
  }
  return answers;
}

Result<std::optional<WakeState>> MemoryTransaction::wake_state(const mdm::EnrolmentId& enrolment) {
  const EnrolmentRecord* record = enrolments_.find(enrolment);
  if (!record) return std::nullopt;
  WakeState wake = record->wake;
  wake.priority = priority_of(wake);
  return wake;
}

Result<std::optional<DueWake>> MemoryTransaction::push_target(const mdm::EnrolmentId& enrolment) {
  const EnrolmentRecord* record = enrolments_.find(enrolment);
  if (!record) return no_enrolment(enrolment);
  if (!record->enrolment.has_push_token) return std::nullopt;
  DueWake target = due_wake_of(*record);
  if (target.is_parked) target.due_at = {};
  return target;
}

}  // namespace reveille::storage::memory
