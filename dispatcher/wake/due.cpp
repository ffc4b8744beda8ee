#include "dispatcher/wake/due.h"

#include <algorithm>

#include "dispatcher/wake/schedule.h"
#include "protocol/base/ensure.h"

namespace reveille::wake {
namespace {

// To look at what is in flight takes the store some microseconds a row: about a tenth of one core.
constexpr std::size_t rows_looked_at_per_millisecond = 16;
constexpr std::chrono::milliseconds failure_first{100};
constexpr std::chrono::milliseconds failure_max{10'000};

storage::WakeCursor behind_all_due(storage::Time now) {
  return {.priority = storage::Priority::bulk,
          .due_at = now + std::chrono::milliseconds(1),
          .enrolment = {}};
}

}  // namespace

Result<void> read_due(storage::Transaction& transaction, DueRead& read, storage::Time now) {
  std::size_t room = read.wakes_max;
  for (DueRead::Part& part : read.parts) {
    part.wakes.clear();
    part.next_due_at.reset();
    part.is_whole = false;
    if (room == 0) continue;  // read again, by its turn
    auto wakes = transaction.due_wakes(part.partition, part.after, now, room);
    if (!wakes) return std::unexpected(std::move(wakes.error()));
    part.is_whole = wakes->size() < room;
    room -= wakes->size();
    part.wakes = *std::move(wakes);
    if (!part.is_whole && !read.is_look) continue;
    storage::WakeCursor last = part.after;
    if (!part.wakes.empty()) last = storage::cursor_at(part.wakes.back());
    // A look passes by what is due as bulk: the reads know of that, not of what is due later.
    if (!part.is_whole) last = behind_all_due(now);
    auto next = transaction.next_due_at(part.partition, last);
    if (!next) return std::unexpected(std::move(next.error()));
    part.next_due_at = *next;
  }
  return {};
}

DueReader::DueReader(std::vector<storage::Partition> partitions) {
  for (const storage::Partition partition : partitions) {
    places_.emplace_back().partition = partition;
  }
}

DueReader::Place& DueReader::place_of(storage::Partition partition) {
  const auto found = std::ranges::find(places_, partition, &Place::partition);
  ensure(found != places_.end(), "the partition is one of this lane's");
  return *found;
}

void DueReader::notify(storage::Partition partition, storage::Priority priority) {
  Place& place = place_of(partition);
  if (priority == storage::Priority::urgent) {
    place.look_again = true;
  } else {
    place.again = true;
  }
}

void DueReader::notify_all() {
  for (Place& place : places_) place.again = true;
}

void DueReader::expect(storage::Partition partition, storage::Time due_at) {
  Place& place = place_of(partition);
  if (due_at <= place.cursor.due_at) {
    place.again = true;
  } else if (!place.next_due_at || due_at < *place.next_due_at) {
    place.next_due_at = due_at;
  }
}

bool DueReader::again_is_due(const Place& place, const Moment& now) const {
  return place.again && now.steady >= again_not_before_;
}

bool DueReader::wants(const Place& place, const Moment& now) const {
  if (now.steady < place.not_before) return false;
  return place.unread || again_is_due(place, now) ||
         (place.next_due_at && *place.next_due_at <= now.wall);
}

bool DueReader::wants_read(const Moment& now) {
  if (now.wall < wall_before_) notify_all();  // the cursors may stand in what is now the future
  wall_before_ = now.wall;
  if (!reread_at_ || now.steady >= *reread_at_) {
    reread_at_ = now.steady + reread_interval;
    notify_all();
  }
  return std::ranges::any_of(places_, [&](const Place& place) { return wants(place, now); });
}

void DueReader::order(DueRead& read, std::size_t wakes_max, const Moment& now,
                      std::size_t in_flight) {
  read.parts.clear();
  read.is_look = false;
  read.wakes_max = wakes_max;
  read.outcome = {};
  bool from_first_row = false;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    Place& place = places_[(turn_ + i) % places_.size()];
    if (!wants(place, now)) continue;
    if (place.alone && !read.parts.empty()) continue;
    if (again_is_due(place, now)) {
      place.cursor = {};
      place.again = false;
      from_first_row = true;
    }
    if (skips_urgent_ && place.cursor.priority == storage::Priority::urgent) {
      place.cursor = {.priority = storage::Priority::bulk, .due_at = {}, .enrolment = {}};
      place.look_again = true;
    }
    read.parts.push_back({.partition = place.partition,
                          .after = place.cursor,
                          .wakes = {},
                          .next_due_at = {},
                          .is_whole = false});
    if (place.alone) break;
  }
  turn_ = (turn_ + 1) % places_.size();
  skips_urgent_ = false;
  if (from_first_row) {
    again_not_before_ =
        now.steady + std::chrono::milliseconds(in_flight / rows_looked_at_per_millisecond);
  }
}

void DueReader::leave_urgent_to_looks() { skips_urgent_ = true; }

Clock::SteadyTime DueReader::look_at(const Place& place) const {
  if (place.look) return place.not_before;
  if (place.look_again) return std::max(look_not_before_, place.not_before);
  return Clock::SteadyTime::max();
}

Clock::SteadyTime DueReader::next_look_at() const {
  auto earliest = Clock::SteadyTime::max();
  for (const Place& place : places_) earliest = std::min(earliest, look_at(place));
  return earliest;
}

bool DueReader::wants_look(const Moment& now) const { return next_look_at() <= now.steady; }

void DueReader::order_look(DueRead& read, std::size_t wakes_max, const Moment& now,
                           std::size_t urgent) {
  read.parts.clear();
  read.is_look = true;
  read.wakes_max = wakes_max;
  read.outcome = {};
  bool from_first_row = false;
  for (Place& place : places_) {
    if (look_at(place) > now.steady) continue;
    if (!place.look) {
      place.look.emplace();
      place.look_again = false;
      from_first_row = true;
    }
    read.parts.push_back({.partition = place.partition,
                          .after = *place.look,
                          .wakes = {},
                          .next_due_at = {},
                          .is_whole = false});
  }
  if (from_first_row) {
    look_not_before_ =
        now.steady + std::chrono::milliseconds(urgent / rows_looked_at_per_millisecond);
  }
}

void DueReader::looked(const DueRead::Part& part, std::size_t taken,
                       std::optional<storage::WakeCursor> last, const Moment& now) {
  Place& place = place_of(part.partition);
  place.failures = 0;
  if (last) place.look = *std::move(last);
  const bool has_bulk =
      !part.wakes.empty() && part.wakes.back().priority == storage::Priority::bulk;
  const bool is_over = taken == part.wakes.size() && (part.is_whole || has_bulk);
  if (!is_over) return;
  // The store stopped among rows that are stale: there may be more behind them.
  if (part.is_whole && part.next_due_at && *part.next_due_at <= now.wall) return;
  place.look.reset();
  // Who was notified as urgent may have come to be due as bulk, in a while.
  if (part.next_due_at) expect(part.partition, *part.next_due_at);
}

void DueReader::answered(const DueRead::Part& part, std::size_t taken,
                         std::optional<storage::WakeCursor> last) {
  Place& place = place_of(part.partition);
  place.failures = 0;
  place.alone = false;
  if (last) place.cursor = *std::move(last);
  place.unread = taken < part.wakes.size() || !part.is_whole;
  place.next_due_at = part.next_due_at;
}

void DueReader::failed(const DueRead& read, const Moment& now) {
  for (const DueRead::Part& part : read.parts) {
    Place& place = place_of(part.partition);
    if (read.is_look) {
      place.look.reset();
      place.look_again = true;
      place.not_before = now.steady + back_off(failure_first, failure_max, place.failures++);
      continue;
    }
    place.again = true;
    if (read.parts.size() > 1) {
      place.alone = true;
      continue;
    }
    place.not_before = now.steady + back_off(failure_first, failure_max, place.failures++);
  }
}

Clock::SteadyTime DueReader::next_at(const Moment& now) const {
  auto earliest = reread_at_.value_or(now.steady);
  for (const Place& place : places_) {
    auto at = Clock::SteadyTime::max();
    if (place.unread) at = now.steady;
    if (place.again) at = std::min(at, std::max(again_not_before_, now.steady));
    if (place.next_due_at) at = std::min(at, now.until(*place.next_due_at));
    if (at != Clock::SteadyTime::max())
      earliest = std::min(earliest, std::max(at, place.not_before));
  }
  return earliest;
}

std::chrono::milliseconds DueReader::lag(const Moment& now) const {
  std::chrono::milliseconds lag{0};
  for (const Place& place : places_) {
    std::optional<storage::Time> oldest = place.next_due_at;
    if (place.unread) oldest = place.cursor.due_at;
    const bool is_known = oldest && *oldest != storage::Time{};
    if (is_known && *oldest < now.wall) lag = std::max(lag, now.wall - *oldest);
  }
  return lag;
}

}  // namespace reveille::wake
