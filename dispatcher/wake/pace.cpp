#include "dispatcher/wake/pace.h"

#include <algorithm>

namespace reveille::wake {

TokenBucket::TokenBucket(std::size_t per_second_max) {
  if (per_second_max == 0) return;
  interval_ =
      std::chrono::nanoseconds(std::chrono::seconds(1)) / static_cast<std::int64_t>(per_second_max);
  const std::chrono::nanoseconds tenth = std::chrono::milliseconds(100);
  burst_ = std::max(tenth - interval_, std::chrono::nanoseconds(0));
}

void TokenBucket::take(Clock::SteadyTime now) {
  if (interval_.count() > 0) next_ = std::max(next_, now) + interval_;
}

std::uint32_t PacingQueue::topic_named(std::string_view name) {
  const auto found = std::ranges::find(topics_, name, &Topic::name);
  if (found != topics_.end()) return static_cast<std::uint32_t>(found - topics_.begin());
  topics_.push_back({.name = std::string(name),
                     .gate = TopicGate(gates_),
                     .bucket = TokenBucket(topic_per_second_max_),
                     .urgent = {},
                     .bulk = {}});
  return topic_count() - 1;
}

void PacingQueue::add(FlightId id) {
  Flight& flight = table_[id];
  flight.topic = topic_named(flight.wake.topic);
  topics_[flight.topic].list(flight.urgency).push_back(table_, id);
  ++size_;
}

void PacingQueue::remove(FlightId id) {
  const Flight& flight = table_[id];
  topics_[flight.topic].list(flight.urgency).remove(table_, id);
  --size_;
}

void PacingQueue::put_back(FlightId id) {
  const Flight& flight = table_[id];
  topics_[flight.topic].list(flight.urgency).push_front(table_, id);
  ++size_;
}

void PacingQueue::make_urgent(FlightId id) {
  if (table_[id].urgency == Urgency::urgent) return;
  remove(id);
  table_[id].urgency = Urgency::urgent;
  add(id);
}

void PacingQueue::went(FlightId id, Clock::SteadyTime now) {
  const Flight& flight = table_[id];
  turns_.went(flight.urgency);
  topics_[flight.topic].bucket.take(now);
}

PacingQueue::Next PacingQueue::next(Clock::SteadyTime now) {
  if (size_ == 0) return {};
  const Urgency first = turns_.first();
  const Next next = next_of(first, now);
  return next.flight != FlightTable::none ? next : next_of(apns::other_than(first), now);
}

PacingQueue::Next PacingQueue::next_of(Urgency urgency, Clock::SteadyTime now) {
  if (now < rests_until_[index_of(urgency)]) return {};
  for (std::size_t i = 0; i < topics_.size(); ++i) {
    const std::size_t position = (turn_ + i) % topics_.size();
    Topic& topic = topics_[position];
    const FlightList& list = topic.list(urgency);
    if (list.empty()) continue;
    const TopicGate::Answer answer = topic.gate.ask(now);
    if (answer.order == TopicGate::Order::hold) continue;
    const bool is_pushed = answer.order != TopicGate::Order::postpone;
    if (is_pushed && !topic.bucket.ready(now)) continue;
    turn_ = position + 1;
    return {.flight = list.front(), .order = answer.order, .until = answer.until};
  }
  return {};
}

Clock::SteadyTime PacingQueue::next_at(Clock::SteadyTime now) const {
  auto earliest = Clock::SteadyTime::max();
  for (const Topic& topic : topics_) {
    const TopicGate::Answer answer = topic.gate.ask(now);
    auto topic_at = topic.bucket.ready_at();
    if (answer.order == TopicGate::Order::hold) topic_at = std::max(topic_at, answer.until);
    if (answer.order == TopicGate::Order::postpone) topic_at = now;
    for (const Urgency urgency : {Urgency::urgent, Urgency::bulk}) {
      if (topic.list(urgency).empty()) continue;
      const auto at = std::max({now, topic_at, rests_until_[index_of(urgency)]});
      earliest = std::min(earliest, at);
    }
  }
  return earliest;
}

std::size_t PacingQueue::waiting_with(FlightId flight) const {
  const Topic& topic = topics_[table_[flight].topic];
  return topic.urgent.size() + topic.bulk.size();
}

Clock::SteadyTime PacingQueue::oldest() const {
  auto oldest = Clock::SteadyTime::max();
  for (const Topic& topic : topics_) {
    if (!topic.urgent.empty()) oldest = std::min(oldest, table_[topic.urgent.front()].since);
    if (!topic.bulk.empty()) oldest = std::min(oldest, table_[topic.bulk.front()].since);
  }
  return oldest;
}

}  // namespace reveille::wake
