#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

#include "dispatcher/batch/expansion.h"
#include "dispatcher/batch/jobs.h"
#include "dispatcher/batch/options.h"
#include "dispatcher/batch/reading.h"
#include "dispatcher/batch/statistics.h"
#include "dispatcher/runtime/bounded_queue.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/doorbell.h"
#include "dispatcher/runtime/log.h"
#include "dispatcher/runtime/storage_lanes.h"

// From "a batch is stored" to "its deliveries are queued", and back when it is cancelled or
// expires.
//
//   reading      what is unfinished, what was changed     expansion   whose turn it is
//   allowance    a batch's rate                           jobs        what the storage lanes do
namespace reveille::batch {

// One thread for all storage lanes: it decides and waits, the work is done in the lanes, a chunk a
// job, between the jobs of devices and operators. It holds nothing that the store does not know.
class Expander {
 public:
  // A commit has made wakes of this partition due: WakeLanes::notify. Called on the thread.
  using NotifyWakes = std::function<void(storage::Partition, storage::Priority)>;

  // Everything passed by reference outlives it.
  Expander(StorageLanes& storage, const Clock& clock, Log& log, const ExpanderOptions& options,
           NotifyWakes notify_wakes);
  ~Expander() { stop(); }

  // Goes on with what is unfinished.
  void start();
  // Waits for the chunks that are in the lanes; call it before the wake lanes and the storage lanes
  // stop.
  void stop();

  // Any thread; cheap. A batch was stored or set to another state, and that is committed.
  void changed(const storage::BatchId& batch);

  // Any thread: whether there is room for one more. Errors: overloaded.
  Result<void> admit() const;
  Statistics statistics() const;  // any thread

 private:
  // Any thread reads what one writes.
  struct Published {
    std::atomic<std::uint64_t> unfinished{0}, expanding{0}, withdrawing{0}, paused{0},
        awaiting_expiry{0}, chunks_in_flight{0}, chunks{0}, walked{0}, queued{0}, withdrawn{0},
        yields{0}, failures{0};
    std::atomic<storage::Time> oldest{storage::Time::max()};
  };

  // ---- the thread ----
  void run();
  void drain(const Moment& now);
  void take(ChunkResult&& chunk, const Moment& now);
  void take(Listing&& listing, const Moment& now);
  void take(Lookup&& lookup, const Moment& now);
  void submit_work(const Moment& now);
  template <typename Order>
  void submit(storage::Partition partition, Order order);
  bool is_shared(std::size_t lane);
  void publish();

  StorageLanes& storage_;
  const Clock& clock_;
  Log& log_;
  const ExpanderOptions options_;
  const NotifyWakes notify_wakes_;

  Doorbell doorbell_;
  BoundedQueue<storage::BatchId> changes_;
  std::atomic<bool> changes_lost_{false};
  std::atomic<bool> stopping_{false};
  Published published_;

  // The thread's own.
  Answers answers_;
  Reading reading_;
  Expansion expansion_;
  std::size_t jobs_out_ = 0;
  std::uint64_t jobs_submitted_ = 0;
  std::uint64_t read_failures_ = 0;
  std::vector<std::int64_t> others_jobs_;  // by lane, at its last chunk
  std::thread thread_;
};

}  // namespace reveille::batch
