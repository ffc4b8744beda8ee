#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dispatcher/batch/allowance.h"
#include "dispatcher/batch/options.h"
#include "dispatcher/batch/statistics.h"
#include "dispatcher/wake/moment.h"
#include "storage/records.h"

// Which batch goes on next, in which storage lane, and when.
namespace reveille::batch {

using wake::Moment;
using Partitions = std::bitset<storage::Partition::count>;

// Work of one transaction: a piece of a batch, in some partitions of one storage lane. Whether it
// queues or withdraws is decided there, by the batch as it is then.
struct Chunk {
  storage::BatchId batch;
  std::size_t lane = 0;
  Partitions partitions;
  bool withdraws = false;  // as far as is known here
  storage::Priority priority = storage::Priority::bulk;
  std::size_t enrolments_max = 0;
};

// What became of it.
struct ChunkResult {
  Chunk chunk;
  Result<void> outcome;
  Partitions done;        // another step would do nothing there
  Partitions ended;       // of these, where no delivery is live either
  Partitions queued_in;   // where wakes may have become due
  bool is_stale = false;  // the batch was paused or cancelled in the meantime: read it again
  std::size_t walked = 0, queued = 0, withdrawn = 0;
  bool lane_is_shared = false;          // others used the storage lanes meanwhile
  std::chrono::nanoseconds run_time{};  // inside the transaction
};

// Every batch that is not at its end, and whose turn it is: urgent ones before bulk ones, then
// round robin, a chunk each, so that a batch of ten does not wait for one of a million. The store
// says what a batch is; here is only what is left to be asked of the store, so that forgetting all
// of it (a crash) costs nothing but the reading.
//
//   expanding ──all partitions walked──► (gone), or with an expiry: awaiting expiry
//     ▲ │ └──────cancelled, expired──────► withdrawing ◄──cancelled, expired──┘
//     │ ▼                                   ▲ └──all partitions walked──► (gone)
//    paused ──────────cancelled, expired────┘
//
// One that awaits its expiry is asked now and then whether any of its deliveries is live: when all
// are answered, nothing is left to be taken back, and it is gone.
//
// Events in, chunks out; no thread, no clock: a test turns the time.
class Expansion {
 public:
  static constexpr std::chrono::minutes look_interval{1};

  // `lane_of_partition[index]` is below `lanes`.
  Expansion(const ExpanderOptions& options, std::size_t lanes,
            const std::array<std::size_t, storage::Partition::count>& lane_of_partition);
  ~Expansion();

  // ---- events ----

  // As the store's list of unfinished batches has it, for those partitions.
  void found(const storage::Batch& batch, const Partitions& unfinished, const Moment& now);
  // A batch that was just created, or set to another state.
  void changed(const storage::Batch& batch, const Moment& now);
  // The store does not know it.
  void forget(const storage::BatchId& batch);
  void answered(const ChunkResult& result, const Moment& now);

  // ---- decisions ----

  // The next chunk for this lane; nullopt: nothing now. Each chunk is answered once.
  std::optional<Chunk> next(std::size_t lane, const Moment& now);
  // When next() may have more if no event comes.
  Clock::SteadyTime next_at(const Moment& now) const;
  // Batches that are not as they are known here: to be read, and told to changed().
  std::vector<storage::BatchId> take_stale() { return std::exchange(stale_, {}); }

  // Depth by state, and the counters of chunks. `oldest` is left out: see oldest_created_at().
  Statistics statistics() const;
  std::optional<storage::Time> oldest_created_at() const;

 private:
  struct Entry;
  struct Lane {
    std::array<std::deque<Entry*>, 2> ready;  // urgent, bulk
    std::size_t in_flight = 0;
    std::uint32_t failures = 0;  // in a row
    Clock::SteadyTime not_before{};
  };

  Entry& entry_of(const storage::Batch& batch, const Moment& now);
  void begin_withdrawing(Entry& entry);
  void settle(Entry& entry, const Moment& now);
  void remove(Entry& entry);
  void leave_ready_lists(Entry& entry);

  void see_time(const Moment& now);
  void look_for_live(Entry& entry, const Moment& now);
  void make_ready(Entry& entry);
  void wake_at(Entry& entry, Clock::SteadyTime time);
  std::optional<Chunk> chunk_of(Entry& entry, std::size_t lane, const Moment& now);
  void rest(Lane& lane, const ChunkResult& result, const Moment& now);
  void count(const ChunkResult& result);
  void classify(Entry& entry);

  const ExpanderOptions options_;
  std::vector<Lane> lanes_;
  std::vector<Partitions> partitions_of_lane_;
  std::unordered_map<std::string, std::unique_ptr<Entry>> entries_;  // by id
  std::set<std::pair<Clock::SteadyTime, Entry*>> timers_;            // rates and back-off
  std::set<std::pair<storage::Time, Entry*>> expiries_;
  std::set<std::pair<storage::Time, Entry*>> ages_;  // of those at work
  std::vector<storage::BatchId> stale_;
  Statistics statistics_;
};

}  // namespace reveille::batch
