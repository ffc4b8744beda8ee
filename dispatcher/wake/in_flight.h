#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "dispatcher/apns/urgency.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/wake/wake_result.h"
#include "storage/records.h"

// Coalesce: one flight for each enrolment, however many asked for it.
namespace reveille::wake {

using FlightId = std::uint32_t;

//   pacing ──submitted──► pushing ──outcome──► recording ──committed──► (gone)
//      └────────────topic stopped────────────────┘
// A flight stays until its record is committed: a read of due wakes that ran before the record
// still shows the row, and must find the flight.
enum class FlightStage : std::uint8_t { pacing, pushing, recording };

using apns::index_of;
using apns::urgencies;
using apns::Urgency;

// A wake between due and recorded outcome.
struct Flight {
  storage::DueWake wake;           // without token, magic and topic once they are in a push
  std::vector<WakeReply> replies;  // of those who wait for its outcome

  // What became due, or was asked for, when this push was on its way already: pushed next.
  struct Newer {
    storage::DueWake wake;
    std::vector<WakeReply> replies;
    std::list<Clock::SteadyTime>::iterator since{};  // the pipeline's
  };
  std::unique_ptr<Newer> newer;

  FlightStage stage = FlightStage::pacing;
  Urgency urgency = Urgency::bulk;
  bool is_probe = false;          // of a closed topic
  std::uint32_t topic = 0;        // PacingQueue's
  std::uint32_t certificate = 0;  // TopicGate::certificate() when it was submitted
  Clock::SteadyTime since{};      // when it came into its stage

  // The table's and the lists' own.
  std::size_t hash = 0;
  std::uint32_t use = 0;  // counts the flights that had this place: part of the ticket
  FlightId previous = 0, next = 0;
};

// The flights of one lane, found by enrolment. Places and their buffers are used again, so a wake
// in the steady state allocates nothing here. One thread.
class FlightTable {
 public:
  static constexpr FlightId none = ~FlightId{0};

  explicit FlightTable(std::size_t flights_max);

  std::size_t size() const { return size_; }
  std::size_t free() const { return flights_max_ - size_; }
  // Ids are below this; a place without a flight has no replies.
  FlightId places() const { return static_cast<FlightId>(places_.size()); }

  Flight& operator[](FlightId flight) { return places_[flight]; }
  const Flight& operator[](FlightId flight) const { return places_[flight]; }

  // `none` when the enrolment has no flight.
  FlightId find(const mdm::EnrolmentId& enrolment) const;

  // The enrolment has none, and free() > 0.
  FlightId open(storage::DueWake&& wake);
  // In no list, and nobody waits for it.
  void close(FlightId flight);

  // Names this flight to the client, for ever; `lane` comes back with it.
  std::uint64_t ticket(FlightId flight, std::uint8_t lane) const;
  static std::uint8_t lane_of(std::uint64_t ticket);
  // `none` when that flight is over.
  FlightId find(std::uint64_t ticket) const;

 private:
  std::size_t bucket_of(std::size_t hash) const { return hash & (buckets_.size() - 1); }
  void remove_from_buckets(FlightId flight);

  const std::size_t flights_max_;
  std::size_t size_ = 0;
  std::deque<Flight> places_;  // grows up to flights_max_; references stay valid
  std::vector<FlightId> free_;
  std::vector<FlightId> buckets_;  // open addressing, linear probing, at most half full
};

// A first-in-first-out of flights, any of which may leave it early. A flight is in one list at
// most.
class FlightList {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  FlightId front() const { return first_; }
  void push_back(FlightTable& table, FlightId flight);
  void push_front(FlightTable& table, FlightId flight);
  void remove(FlightTable& table, FlightId flight);

 private:
  std::size_t size_ = 0;
  FlightId first_ = FlightTable::none, last_ = FlightTable::none;
};

}  // namespace reveille::wake
