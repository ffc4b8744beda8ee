#include "dispatcher/wake/in_flight.h"

#include <bit>
#include <utility>

#include "protocol/base/ensure.h"

namespace reveille::wake {
namespace {

// A ticket: lane (8 bits), use of the place (24), place (32).
constexpr unsigned lane_shift = 56, use_shift = 32;
constexpr std::uint32_t use_mask = 0xff'ffff;

}  // namespace

FlightTable::FlightTable(std::size_t flights_max)
    : flights_max_(flights_max), buckets_(std::bit_ceil(2 * flights_max), none) {
  ensure(flights_max > 0 && flights_max < none, "room for one flight, and an id for each");
}

FlightId FlightTable::find(const mdm::EnrolmentId& enrolment) const {
  const std::size_t hash = std::hash<mdm::EnrolmentId>{}(enrolment);
  for (std::size_t bucket = bucket_of(hash);; bucket = bucket_of(bucket + 1)) {
    const FlightId flight = buckets_[bucket];
    if (flight == none) return none;
    const Flight& found = places_[flight];
    if (found.hash == hash && found.wake.enrolment == enrolment) return flight;
  }
}

FlightId FlightTable::open(storage::DueWake&& wake) {
  ensure(free() > 0, "a place for the flight");
  if (free_.empty()) {
    free_.push_back(static_cast<FlightId>(places_.size()));
    places_.emplace_back();
  }
  const FlightId id = free_.back();
  free_.pop_back();
  Flight& flight = places_[id];
  flight.hash = std::hash<mdm::EnrolmentId>{}(wake.enrolment);
  flight.wake = std::move(wake);
  flight.stage = FlightStage::pacing;
  flight.urgency = Urgency::bulk;
  flight.is_probe = false;
  flight.use = (flight.use + 1) & use_mask;
  ++size_;

  std::size_t bucket = bucket_of(flight.hash);
  while (buckets_[bucket] != none) bucket = bucket_of(bucket + 1);
  buckets_[bucket] = id;
  return id;
}

void FlightTable::close(FlightId id) {
  Flight& flight = places_[id];
  ensure(flight.replies.empty() && !flight.newer, "nobody waits for a flight that is over");
  remove_from_buckets(id);
  flight.use = (flight.use + 1) & use_mask;  // a ticket of this flight finds nothing from now on
  free_.push_back(id);
  --size_;
}

// Closes the gap, so that no later search ends at it (Knuth, volume 3, 6.4, algorithm R).
void FlightTable::remove_from_buckets(FlightId id) {
  std::size_t gap = bucket_of(places_[id].hash);
  while (buckets_[gap] != id) gap = bucket_of(gap + 1);
  for (std::size_t bucket = bucket_of(gap + 1); buckets_[bucket] != none;
       bucket = bucket_of(bucket + 1)) {
    const std::size_t home = bucket_of(places_[buckets_[bucket]].hash);
    const bool may_move = bucket_of(bucket - home) >= bucket_of(bucket - gap);
    if (!may_move) continue;
    buckets_[gap] = buckets_[bucket];
    gap = bucket;
  }
  buckets_[gap] = none;
}

std::uint64_t FlightTable::ticket(FlightId flight, std::uint8_t lane) const {
  return std::uint64_t{lane} << lane_shift | std::uint64_t{places_[flight].use} << use_shift |
         flight;
}

std::uint8_t FlightTable::lane_of(std::uint64_t ticket) {
  return static_cast<std::uint8_t>(ticket >> lane_shift);
}

FlightId FlightTable::find(std::uint64_t ticket) const {
  const auto flight = static_cast<FlightId>(ticket);
  const auto use = static_cast<std::uint32_t>(ticket >> use_shift) & use_mask;
  if (flight >= places_.size() || places_[flight].use != use) return none;
  return flight;
}

void FlightList::push_back(FlightTable& table, FlightId flight) {
  table[flight].previous = last_;
  table[flight].next = FlightTable::none;
  (last_ == FlightTable::none ? first_ : table[last_].next) = flight;
  last_ = flight;
  ++size_;
}

void FlightList::push_front(FlightTable& table, FlightId flight) {
  table[flight].previous = FlightTable::none;
  table[flight].next = first_;
  (first_ == FlightTable::none ? last_ : table[first_].previous) = flight;
  first_ = flight;
  ++size_;
}

void FlightList::remove(FlightTable& table, FlightId flight) {
  const FlightId previous = table[flight].previous, next = table[flight].next;
  (previous == FlightTable::none ? first_ : table[previous].next) = next;
  (next == FlightTable::none ? last_ : table[next].previous) = previous;
  --size_;
}

}  // namespace reveille::wake
