#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dispatcher/apns/push.h"
#include "dispatcher/runtime/clock.h"

namespace reveille::apns {

class Connection;

// One push between submit() and its outcome.
//
//   waiting ──► sent ──► (outcome)
//      ▲          │ refused unprocessed, or lost
//      └── held ◄─┘ held only when it was refused again and again
struct PendingPush {
  enum class Stage : std::uint8_t { free, waiting, again, held, sent };

  std::uint32_t id = 0;  // its place in the table: never changes
  Stage stage = Stage::free;
  std::uint32_t attempts = 0;
  std::uint32_t refusals = 0;
  std::uint64_t number = 0;  // unique in this client: the apns-id's end, the same in each attempt
  Clock::SteadyTime submitted_at;
  Clock::SteadyTime stage_since;     // when it was sent, or refused
  Connection* connection = nullptr;  // while sent
  Push push;

  struct Links {
    PendingPush* previous = nullptr;
    PendingPush* next = nullptr;
  };
  Links by_age;
  Links by_stage;
};

// The pushes that have no outcome yet, in lists by age and by stage. Every push has the same
// deadlines, so the first of a list is the next to pass one: no push needs a timer.
// Memory grows to the most that were pending at once, and stays. Threads: the lane's alone.
class PushTable {
 public:
  PendingPush& add(Push push, Clock::SteadyTime submitted_at);
  PendingPush& at(std::uint32_t id);
  // Its place may be given to the next add() at once.
  Push remove(PendingPush& pending);

  // What is sent next: urgent ones first, but for one in eight; of each urgency first what was sent
  // before. nullptr when nothing waits.
  PendingPush* first_waiting();
  void mark_sent(PendingPush& pending, Connection& connection, Clock::SteadyTime now);
  void take_back_lost(PendingPush& pending);
  // The peer did not process it, so that was no attempt: GOAWAY; the stream was refused; and that
  // too often in a row, so it is held.
  void take_back_unsent(PendingPush& pending);
  void take_back_refused(PendingPush& pending);
  void hold_refused(PendingPush& pending, Clock::SteadyTime now);
  void release_held(Clock::SteadyTime held_since_max);

  // The oldest that was submitted, or sent, at `time_max` or before; nullptr when there is none.
  PendingPush* submitted_until(Clock::SteadyTime time_max);
  PendingPush* sent_until(Clock::SteadyTime time_max);
  PendingPush* oldest() { return by_age_.first; }

  std::size_t waiting(Urgency urgency) const {
    const Queue& queue = queue_of(urgency);
    return queue.fresh.count + queue.again.count + queue.held.count;
  }
  std::size_t waiting() const { return waiting(Urgency::urgent) + waiting(Urgency::bulk); }
  std::size_t sendable() const { return waiting() - held(); }
  std::size_t in_flight() const { return sent_.count; }
  std::size_t held() const { return queues_[0].held.count + queues_[1].held.count; }
  bool empty() const { return by_age_.count == 0; }
  std::optional<Clock::SteadyTime> oldest_waiting() const;

 private:
  struct List {
    PendingPush::Links PendingPush::* links;
    PendingPush* first = nullptr;
    PendingPush* last = nullptr;
    std::size_t count = 0;

    void append(PendingPush& pending);
    void remove(PendingPush& pending);
  };

  static constexpr std::size_t chunk_entries = 256;

  // What has no stream, of one urgency.
  struct Queue {
    List fresh{&PendingPush::by_stage};
    List again{&PendingPush::by_stage};
    List held{&PendingPush::by_stage};

    PendingPush* first() const { return again.first != nullptr ? again.first : fresh.first; }
  };

  PendingPush& take_free();
  Queue& queue_of(Urgency urgency) { return queues_[index_of(urgency)]; }
  const Queue& queue_of(Urgency urgency) const { return queues_[index_of(urgency)]; }
  List& list_of(const PendingPush& pending);
  void enter(PendingPush& pending, PendingPush::Stage stage);

  std::vector<std::unique_ptr<PendingPush[]>> chunks_;
  std::vector<PendingPush*> free_;
  List by_age_{&PendingPush::by_age};
  std::array<Queue, urgencies> queues_;
  UrgentFirst turns_;
  List sent_{&PendingPush::by_stage};
  std::uint64_t next_number_ = 0;
};

}  // namespace reveille::apns
