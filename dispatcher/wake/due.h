#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "dispatcher/wake/moment.h"
#include "storage/store.h"

// Due: what to read from the store, and when. docs/decisions/0003 says why it is read behind a
// cursor.
namespace reveille::wake {

// A read of due wakes: an order on its way to the store, an answer on its way back.
struct DueRead {
  struct Part {
    storage::Partition partition;
    storage::WakeCursor after;
    std::vector<storage::DueWake> wakes;       // in order of time
    std::optional<storage::Time> next_due_at;  // of the first one that was not read
    bool is_whole = false;                     // nothing more is due
  };
  std::vector<Part> parts;
  std::size_t wakes_max = 0;  // of all parts
  bool is_look = false;       // for urgent ones alone: what is bulk behind them is not taken
  Result<void> outcome;
};

// Fills the parts, in their order. May be called again. Errors: the store's.
Result<void> read_due(storage::Transaction& transaction, DueRead& read, storage::Time now);

// Where a lane stands in each of its partitions. One thread; one read at a time.
//
// A row can come to stand behind the cursor: a request takes its time before it waits for the
// storage lane, an exchange changes what is in flight, the wall clock is set back. So whatever may
// have changed a schedule is followed by notify(), and a notified partition is read again from its
// first row; what is in flight already costs no more than the look at it. To keep that look cheap
// when much is in flight, such reads keep a distance that grows with it. And since a wake that
// nobody was told of must not wait for ever, every partition is read again each reread_interval.
//
// Urgent rows stand before all others, so that a look at the first rows finds them however much is
// due and in flight behind them. Looks leave the cursor alone, and keep a distance that grows with
// the urgent ones in flight alone.
class DueReader {
 public:
  static constexpr std::chrono::seconds reread_interval{30};

  explicit DueReader(std::vector<storage::Partition> partitions);

  void notify(storage::Partition partition, storage::Priority priority = storage::Priority::bulk);
  void notify_all();
  // A record that was just committed makes a wake due at `due_at`.
  void expect(storage::Partition partition, storage::Time due_at);

  // Whether a read is worth its while now. Sees the wall clock go back.
  bool wants_read(const Moment& now);
  // The next read; wants_read() was true. Reuses the buffers of `read`.
  void order(DueRead& read, std::size_t wakes_max, const Moment& now, std::size_t in_flight);
  // The next read begins behind the urgent rows, which are left to looks: a flood of them must not
  // keep the bulk from being read.
  void leave_urgent_to_looks();
  // The same of looks.
  bool wants_look(const Moment& now) const;
  void order_look(DueRead& read, std::size_t wakes_max, const Moment& now, std::size_t urgent);
  // A look's answer, in the same way; of a part, what is bulk counts as taken.
  void looked(const DueRead::Part& part, std::size_t taken, std::optional<storage::WakeCursor> last,
              const Moment& now);

  // The answer: `taken` of the part's wakes have a flight now, the last of them at `last`; the
  // others are read again.
  void answered(const DueRead::Part& part, std::size_t taken,
                std::optional<storage::WakeCursor> last);
  void failed(const DueRead& read, const Moment& now);

  // When wants_read() will be true if nothing happens; `now` when it is.
  Clock::SteadyTime next_at(const Moment& now) const;
  Clock::SteadyTime next_look_at() const;  // max() if never
  // How long the oldest wake that is known and not read has been due.
  std::chrono::milliseconds lag(const Moment& now) const;

 private:
  struct Place {
    storage::Partition partition;
    storage::WakeCursor cursor;
    std::optional<storage::Time> next_due_at;  // of what stands behind the cursor
    bool again = true;                         // read from the first row
    bool unread = false;                       // more was due than the last read brought
    bool alone = false;                        // a shared read failed: find out whose fault it is
    std::uint32_t failures = 0;
    Clock::SteadyTime not_before{};

    bool look_again = false;                  // from the first row
    std::optional<storage::WakeCursor> look;  // one has come so far
  };

  Place& place_of(storage::Partition partition);
  bool again_is_due(const Place& place, const Moment& now) const;
  bool wants(const Place& place, const Moment& now) const;
  Clock::SteadyTime look_at(const Place& place) const;

  std::vector<Place> places_;
  std::size_t turn_ = 0;
  bool skips_urgent_ = false;
  Clock::SteadyTime again_not_before_{};  // the distance
  Clock::SteadyTime look_not_before_{};   // of looks
  std::optional<Clock::SteadyTime> reread_at_;
  storage::Time wall_before_{};
};

}  // namespace reveille::wake
