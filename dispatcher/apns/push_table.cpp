#include "dispatcher/apns/push_table.h"

#include <algorithm>
#include <utility>

#include "protocol/base/ensure.h"

namespace reveille::apns {

using Stage = PendingPush::Stage;

void PushTable::List::append(PendingPush& pending) {
  (pending.*links) = {last, nullptr};
  (last == nullptr ? first : (last->*links).next) = &pending;
  last = &pending;
  ++count;
}

void PushTable::List::remove(PendingPush& pending) {
  const PendingPush::Links own = pending.*links;
  (own.previous == nullptr ? first : (own.previous->*links).next) = own.next;
  (own.next == nullptr ? last : (own.next->*links).previous) = own.previous;
  --count;
}

PendingPush& PushTable::take_free() {
  if (free_.empty()) {
    const auto first_id = static_cast<std::uint32_t>(chunks_.size() * chunk_entries);
    chunks_.push_back(std::make_unique<PendingPush[]>(chunk_entries));
    for (std::size_t i = chunk_entries; i-- > 0;) {  // so that the lowest place is taken first
      chunks_.back()[i].id = first_id + static_cast<std::uint32_t>(i);
      free_.push_back(&chunks_.back()[i]);
    }
  }
  PendingPush& pending = *free_.back();
  free_.pop_back();
  return pending;
}

PendingPush& PushTable::add(Push push, Clock::SteadyTime submitted_at) {
  PendingPush& pending = take_free();
  pending.stage = Stage::waiting;
  pending.attempts = 0;
  pending.refusals = 0;
  pending.number = next_number_++;
  pending.submitted_at = submitted_at;
  pending.push = std::move(push);
  by_age_.append(pending);
  list_of(pending).append(pending);
  return pending;
}

PendingPush& PushTable::at(std::uint32_t id) { return chunks_[id / chunk_entries][id % chunk_entries]; }

Push PushTable::remove(PendingPush& pending) {
  list_of(pending).remove(pending);
  by_age_.remove(pending);
  pending.stage = Stage::free;
  pending.connection = nullptr;
  free_.push_back(&pending);
  return std::move(pending.push);
}

PushTable::List& PushTable::list_of(const PendingPush& pending) {
  ensure(pending.stage != Stage::free, "a push is in the table until its outcome");
  Queue& queue = queue_of(pending.push.urgency);
  switch (pending.stage) {
    case Stage::again:
      return queue.again;
    case Stage::held:
      return queue.held;
    case Stage::sent:
      return sent_;
    default:
      return queue.fresh;
  }
}

void PushTable::enter(PendingPush& pending, Stage stage) {
  list_of(pending).remove(pending);
  pending.stage = stage;
  list_of(pending).append(pending);
  if (stage != Stage::sent) pending.connection = nullptr;
}

PendingPush* PushTable::first_waiting() {
  const Urgency urgency = turns_.first();
  PendingPush* pending = queue_of(urgency).first();
  return pending != nullptr ? pending : queue_of(other_than(urgency)).first();
}

void PushTable::mark_sent(PendingPush& pending, Connection& connection, Clock::SteadyTime now) {
  enter(pending, Stage::sent);
  turns_.went(pending.push.urgency);
  pending.connection = &connection;
  pending.stage_since = now;
  ++pending.attempts;
}

void PushTable::take_back_lost(PendingPush& pending) { enter(pending, Stage::again); }

void PushTable::take_back_unsent(PendingPush& pending) {
  --pending.attempts;
  enter(pending, Stage::again);
}

void PushTable::take_back_refused(PendingPush& pending) {
  ++pending.refusals;
  take_back_unsent(pending);
}

void PushTable::hold_refused(PendingPush& pending, Clock::SteadyTime now) {
  --pending.attempts;
  ++pending.refusals;
  pending.stage_since = now;
  enter(pending, Stage::held);
}

void PushTable::release_held(Clock::SteadyTime held_since_max) {
  for (Queue& queue : queues_) {
    const List& held = queue.held;
    while (held.first != nullptr && held.first->stage_since <= held_since_max) {
      enter(*held.first, Stage::again);
    }
  }
}

PendingPush* PushTable::submitted_until(Clock::SteadyTime time_max) {
  return by_age_.first != nullptr && by_age_.first->submitted_at <= time_max ? by_age_.first
                                                                             : nullptr;
}

PendingPush* PushTable::sent_until(Clock::SteadyTime time_max) {
  return sent_.first != nullptr && sent_.first->stage_since <= time_max ? sent_.first : nullptr;
}

std::optional<Clock::SteadyTime> PushTable::oldest_waiting() const {
  std::optional<Clock::SteadyTime> oldest;
  for (const Queue& queue : queues_) {
    for (const List* list : {&queue.again, &queue.fresh}) {
      if (list->first == nullptr) continue;
      const Clock::SteadyTime since = list->first->submitted_at;
      oldest = oldest ? std::min(*oldest, since) : since;
    }
  }
  return oldest;
}

}  // namespace reveille::apns
