#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dispatcher/runtime/clock.h"
#include "dispatcher/wake/in_flight.h"
#include "dispatcher/wake/topic_gate.h"

// Pace: which wake goes out next, and when.
namespace reveille::wake {

// At most `per_second_max` in a second, of which a tenth may come at once; 0: no limit.
class TokenBucket {
 public:
  explicit TokenBucket(std::size_t per_second_max);

  bool ready(Clock::SteadyTime now) const { return ready_at() <= now; }
  Clock::SteadyTime ready_at() const { return next_ - burst_; }
  void take(Clock::SteadyTime now);

 private:
  std::chrono::nanoseconds interval_{0};  // 0: no limit
  std::chrono::nanoseconds burst_{0};     // how far ahead of the even pace one may be
  // When an even pace would let the next one go (GCRA's theoretical arrival time).
  Clock::SteadyTime next_{};
};

// The flights that wait to be pushed. Urgent ones overtake bulk ones, but for one in eight, so that
// no flood of them stops the bulk; among the topics it goes round, so that none waits for
// another's; within a topic, first come, first served, and at most `topic_per_second_max` (0: no
// limit).
class PacingQueue {
 public:
  PacingQueue(FlightTable& table, const TopicGateOptions& gates, std::size_t topic_per_second_max)
      : table_(table), gates_(gates), topic_per_second_max_(topic_per_second_max) {}

  // By its wake's topic and its urgency.
  void add(FlightId flight);
  void remove(FlightId flight);
  // Back to where next() found it.
  void put_back(FlightId flight);
  void make_urgent(FlightId flight);
  // One that next() named was pushed: it counts as its urgency's turn, and in its topic's rate.
  void went(FlightId flight, Clock::SteadyTime now);
  // The client takes none of this urgency until then: the others go on.
  void rest(Urgency urgency, Clock::SteadyTime until) { rests_until_[index_of(urgency)] = until; }

  // Who is next; the flight stays until remove(). `order` is never hold.
  struct Next {
    FlightId flight = FlightTable::none;  // none: all wait for their topics or the client
    TopicGate::Order order = TopicGate::Order::send;
    Clock::SteadyTime until{};  // postpone
  };
  Next next(Clock::SteadyTime now);

  // The next instant at which one may go; max() if none will.
  Clock::SteadyTime next_at(Clock::SteadyTime now) const;

  // How many wait for this flight's topic, itself included.
  std::size_t waiting_with(FlightId flight) const;

  TopicGate& gate(std::uint32_t topic) { return topics_[topic].gate; }
  const TopicGate& gate(std::uint32_t topic) const { return topics_[topic].gate; }
  const std::string& name(std::uint32_t topic) const { return topics_[topic].name; }
  std::uint32_t topic_count() const { return static_cast<std::uint32_t>(topics_.size()); }

  std::size_t size() const { return size_; }
  // Since when the oldest waits; max() when none does.
  Clock::SteadyTime oldest() const;

 private:
  struct Topic {
    std::string name;
    TopicGate gate;
    TokenBucket bucket;
    FlightList urgent, bulk;

    FlightList& list(Urgency urgency) { return urgency == Urgency::urgent ? urgent : bulk; }
    const FlightList& list(Urgency urgency) const {
      return urgency == Urgency::urgent ? urgent : bulk;
    }
  };

  std::uint32_t topic_named(std::string_view name);
  Next next_of(Urgency urgency, Clock::SteadyTime now);

  FlightTable& table_;
  const TopicGateOptions gates_;
  const std::size_t topic_per_second_max_;
  std::vector<Topic> topics_;  // few: one for each push certificate
  std::size_t turn_ = 0;       // which topic's turn it is
  apns::UrgentFirst turns_;
  std::array<Clock::SteadyTime, urgencies> rests_until_{};
  std::size_t size_ = 0;
};

}  // namespace reveille::wake
