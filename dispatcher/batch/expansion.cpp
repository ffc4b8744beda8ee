#include "dispatcher/batch/expansion.h"

#include <algorithm>

#include "dispatcher/wake/schedule.h"
#include "protocol/base/ensure.h"

namespace reveille::batch {
namespace {

constexpr std::chrono::milliseconds failure_first{100};
constexpr std::chrono::milliseconds failure_max{10'000};

// To write and to sync what a chunk changed takes about as long again as to change it.
constexpr int commit_factor = 2;

enum class Place { nowhere, expanding, withdrawing, paused, awaiting_expiry };

std::uint64_t& depth_of(Statistics& statistics, Place place) {
  switch (place) {
    case Place::withdrawing:
      return statistics.withdrawing;
    case Place::paused:
      return statistics.paused;
    case Place::awaiting_expiry:
      return statistics.awaiting_expiry;
    case Place::expanding:
    case Place::nowhere:
      break;
  }
  return statistics.expanding;
}

bool is_at_work(Place place) { return place == Place::expanding || place == Place::withdrawing; }

bool has_expiry(const storage::Batch& batch) { return batch.expires_at != storage::Time{}; }

bool is_over(const storage::Batch& batch, storage::Time now) {
  return batch.state == storage::BatchState::cancelled || batch.has_expired(now);
}

std::size_t class_of(const storage::Batch& batch) {
  return batch.priority == storage::Priority::urgent ? 0 : 1;
}

}  // namespace

struct Expansion::Entry {
  Entry(const storage::Batch& stored, Clock::SteadyTime now)
      : batch(stored), allowance(stored.rate_per_second, now) {}

  bool may_go_on() const { return is_withdrawing || batch.state == storage::BatchState::running; }

  storage::Batch batch;
  bool is_withdrawing = false;
  bool is_expanded = false;  // everywhere
  Partitions pending;     // another step may do something there
  Partitions maybe_live;  // something may be left to withdraw there
  Allowance allowance;
  std::bitset<storage::Partition::count> in_flight, ready;  // by lane
  std::uint32_t failures = 0;                               // in a row
  Clock::SteadyTime not_before{};
  std::optional<Clock::SteadyTime> timer;  // no turn until then
  Place place = Place::nowhere;
};

Expansion::Expansion(const ExpanderOptions& options, std::size_t lanes,
                     const std::array<std::size_t, storage::Partition::count>& lane_of_partition)
    : options_(options), lanes_(lanes), partitions_of_lane_(lanes) {
  ensure(options.chunk_enrolments_max > 0 && options.chunks_in_flight_max > 0, "room for one");
  ensure(options.busy_share_percent > 0 && options.busy_share_percent <= 100, "a share of time");
  for (std::size_t index = 0; index < lane_of_partition.size(); ++index) {
    partitions_of_lane_[lane_of_partition[index]].set(index);
  }
}

Expansion::~Expansion() = default;

// ---- events ----

Expansion::Entry& Expansion::entry_of(const storage::Batch& batch, const Moment& now) {
  std::unique_ptr<Entry>& place = entries_[batch.id.text];
  if (!place) {
    place = std::make_unique<Entry>(batch, now.steady);
    if (has_expiry(batch)) expiries_.insert({batch.expires_at, place.get()});
  }
  place->batch.state = batch.state;  // the one thing that changes
  return *place;
}

void Expansion::found(const storage::Batch& batch, const Partitions& unfinished,
                      const Moment& now) {
  Entry& entry = entry_of(batch, now);
  entry.pending |= unfinished;
  entry.maybe_live |= unfinished;
  settle(entry, now);
}

void Expansion::changed(const storage::Batch& batch, const Moment& now) {
  const bool is_known = entries_.contains(batch.id.text);
  Entry& entry = entry_of(batch, now);
  if (!is_known) {
    entry.pending.set();
    entry.maybe_live.set();
  }
  settle(entry, now);
}

void Expansion::forget(const storage::BatchId& batch) {
  const auto found = entries_.find(batch.text);
  if (found != entries_.end()) remove(*found->second);
}

void Expansion::answered(const ChunkResult& result, const Moment& now) {
  const Chunk& chunk = result.chunk;
  Lane& lane = lanes_[chunk.lane];
  ensure(lane.in_flight > 0, "an answer for each chunk");
  --lane.in_flight;
  rest(lane, result, now);
  count(result);
  const auto found = entries_.find(chunk.batch.text);
  if (found == entries_.end()) return;
  Entry& entry = *found->second;
  entry.in_flight.reset(chunk.lane);
  if (!chunk.withdraws) {
    entry.allowance.give_back(chunk.enrolments_max - std::min(chunk.enrolments_max, result.queued));
  }
  if (result.outcome) {
    entry.failures = 0;
    if (entry.is_withdrawing == chunk.withdraws) entry.pending &= ~result.done;
    entry.maybe_live &= ~result.ended;
    if (result.is_stale && entry.batch.state == storage::BatchState::running) {
      // What is read again comes as an event; until then it would do the same.
      stale_.push_back(entry.batch.id);
      entry.not_before = now.steady + failure_first;
    }
  } else if (result.outcome.error().code == ErrorCode::not_found) {
    remove(entry);
    return;
  } else if (result.outcome.error().code != ErrorCode::overloaded) {
    // Its own rows may be to blame: the others of the lane go on.
    entry.not_before = now.steady + wake::back_off(failure_first, failure_max, entry.failures++);
  }
  settle(entry, now);
}

// A lane that failed, or that others use as well, is left in peace for a while.
void Expansion::rest(Lane& lane, const ChunkResult& result, const Moment& now) {
  if (!result.outcome) {
    lane.not_before = now.steady + wake::back_off(failure_first, failure_max, lane.failures++);
    return;
  }
  lane.failures = 0;
  if (!result.lane_is_shared) return;
  const auto share = static_cast<std::int64_t>(options_.busy_share_percent);
  const auto time = result.run_time * commit_factor * (100 - share) / share;
  if (time.count() <= 0) return;
  lane.not_before = std::max(lane.not_before, now.steady + time);
  ++statistics_.yields;
}

void Expansion::count(const ChunkResult& result) {
  ++statistics_.chunks;
  if (!result.outcome) {
    ++statistics_.failures;
    return;
  }
  statistics_.walked += result.walked;
  statistics_.queued += result.queued;
  statistics_.withdrawn += result.withdrawn;
}

// ---- an entry's life ----

// After anything changed.
void Expansion::settle(Entry& entry, const Moment& now) {
  if (!entry.is_withdrawing && is_over(entry.batch, now.wall)) begin_withdrawing(entry);
  const bool awaits_expiry =
      !entry.is_withdrawing && has_expiry(entry.batch) && entry.maybe_live.any();
  if (entry.pending.none() && !awaits_expiry) {
    remove(entry);
    return;
  }
  if (entry.pending.none()) {
    entry.is_expanded = true;
    wake_at(entry, now.steady + look_interval);
  }
  classify(entry);
  make_ready(entry);
}

// Paused, it cannot be asked.
void Expansion::look_for_live(Entry& entry, const Moment& now) {
  if (entry.may_go_on()) {
    entry.pending |= entry.maybe_live;
  } else {
    wake_at(entry, now.steady + look_interval);
  }
}

void Expansion::begin_withdrawing(Entry& entry) {
  entry.is_withdrawing = true;
  entry.pending.set();  // also where nothing is left to expand, deliveries may live
  expiries_.erase({entry.batch.expires_at, &entry});
  // Nothing limits its rate.
  if (entry.timer) timers_.erase({*entry.timer, &entry});
  entry.timer.reset();
}

void Expansion::classify(Entry& entry) {
  Place place = Place::expanding;
  if (entry.is_withdrawing) {
    place = Place::withdrawing;
  } else if (entry.is_expanded) {
    place = Place::awaiting_expiry;
  } else if (entry.batch.state == storage::BatchState::paused) {
    place = Place::paused;
  }
  if (place == entry.place) return;
  if (entry.place != Place::nowhere) --depth_of(statistics_, entry.place);
  ++depth_of(statistics_, place);
  entry.place = place;
  const std::pair<storage::Time, Entry*> age{entry.batch.created_at, &entry};
  if (is_at_work(place)) {
    ages_.insert(age);
  } else {
    ages_.erase(age);
  }
}

void Expansion::remove(Entry& entry) {
  if (entry.place != Place::nowhere) --depth_of(statistics_, entry.place);
  ages_.erase({entry.batch.created_at, &entry});
  expiries_.erase({entry.batch.expires_at, &entry});
  if (entry.timer) timers_.erase({*entry.timer, &entry});
  leave_ready_lists(entry);
  entries_.erase(entry.batch.id.text);
}

// Rare: an entry that ends has no work, and so waits for no turn, but when the store lost it.
void Expansion::leave_ready_lists(Entry& entry) {
  if (entry.ready.none()) return;
  for (Lane& lane : lanes_) {
    for (auto& list : lane.ready) std::erase(list, &entry);
  }
}

// ---- turns ----

void Expansion::make_ready(Entry& entry) {
  if (entry.timer || !entry.may_go_on()) return;
  for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
    const bool has_work = (entry.pending & partitions_of_lane_[lane]).any();
    if (!has_work || entry.in_flight[lane] || entry.ready[lane]) continue;
    lanes_[lane].ready[class_of(entry.batch)].push_back(&entry);
    entry.ready.set(lane);
  }
}

void Expansion::wake_at(Entry& entry, Clock::SteadyTime time) {
  if (entry.timer) return;
  entry.timer = time;
  timers_.insert({time, &entry});
}

void Expansion::see_time(const Moment& now) {
  while (!expiries_.empty() && expiries_.begin()->first <= now.wall) {
    Entry& entry = *expiries_.begin()->second;
    settle(entry, now);  // takes it out of the list
  }
  while (!timers_.empty() && timers_.begin()->first <= now.steady) {
    Entry& entry = *timers_.begin()->second;
    timers_.erase(timers_.begin());
    entry.timer.reset();
    if (entry.place == Place::awaiting_expiry) look_for_live(entry, now);
    make_ready(entry);
  }
}

std::optional<Chunk> Expansion::next(std::size_t lane_index, const Moment& now) {
  see_time(now);
  Lane& lane = lanes_[lane_index];
  if (lane.in_flight >= options_.chunks_in_flight_max || now.steady < lane.not_before) return {};
  for (auto& list : lane.ready) {
    while (!list.empty()) {
      Entry& entry = *list.front();
      list.pop_front();
      entry.ready.reset(lane_index);
      std::optional<Chunk> chunk = chunk_of(entry, lane_index, now);
      if (!chunk) continue;
      entry.in_flight.set(lane_index);
      ++lane.in_flight;
      return chunk;
    }
  }
  return {};
}

// nullopt: it has no turn now, and comes back by its timer or by an event.
std::optional<Chunk> Expansion::chunk_of(Entry& entry, std::size_t lane, const Moment& now) {
  const Partitions partitions = entry.pending & partitions_of_lane_[lane];
  if (partitions.none() || entry.timer || !entry.may_go_on()) return {};
  if (now.steady < entry.not_before) {
    wake_at(entry, entry.not_before);
    return {};
  }
  Chunk chunk;
  chunk.batch = entry.batch.id;
  chunk.lane = lane;
  chunk.partitions = partitions;
  chunk.withdraws = entry.is_withdrawing;
  chunk.priority = entry.batch.priority;
  chunk.enrolments_max = options_.chunk_enrolments_max;
  if (entry.is_withdrawing) return chunk;
  const std::size_t worthwhile = entry.allowance.worthwhile(chunk.enrolments_max);
  chunk.enrolments_max = entry.allowance.available(chunk.enrolments_max, now.steady);
  if (chunk.enrolments_max < worthwhile) {
    wake_at(entry, entry.allowance.ready_at(worthwhile));
    return {};
  }
  entry.allowance.take(chunk.enrolments_max, now.steady);
  return chunk;
}

Clock::SteadyTime Expansion::next_at(const Moment& now) const {
  auto earliest = Clock::SteadyTime::max();
  if (!timers_.empty()) earliest = timers_.begin()->first;
  if (!expiries_.empty()) earliest = std::min(earliest, now.until(expiries_.begin()->first));
  for (const Lane& lane : lanes_) {
    const bool has_ready = !lane.ready[0].empty() || !lane.ready[1].empty();
    if (has_ready && lane.in_flight < options_.chunks_in_flight_max) {
      earliest = std::min(earliest, lane.not_before);
    }
  }
  return earliest;
}

// ---- figures ----

Statistics Expansion::statistics() const {
  Statistics statistics = statistics_;
  statistics.unfinished = entries_.size();
  for (const Lane& lane : lanes_) statistics.chunks_in_flight += lane.in_flight;
  return statistics;
}

std::optional<storage::Time> Expansion::oldest_created_at() const {
  if (ages_.empty()) return {};
  return ages_.begin()->first;
}

}  // namespace reveille::batch
