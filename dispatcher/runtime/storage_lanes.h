#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "dispatcher/runtime/log.h"
#include "protocol/base/error.h"
#include "storage/store.h"

namespace reveille {

// One piece of work on the store, as a value that moves to its lane.
class StorageJob {
 public:
  virtual ~StorageJob() = default;

  // In the lane, inside the transaction of everyone who waited with it. May be called again in a
  // fresh transaction when somebody else's job broke the shared one. An `unavailable` or `corrupt`
  // error ends the transaction; every other outcome, refusals too, is the job's own and kept in it.
  virtual Result<void> run(storage::Transaction& transaction) = 0;

  // In the lane, once, after the commit. Hand the answer to its owner; never block.
  virtual void finish(Result<void> committed) = 0;
};

struct StorageLanesOptions {
  std::size_t lanes = 1;                // 1 to Partition::count
  std::size_t queue_capacity = 16'384;  // of each lane
  std::size_t batch_max = 512;          // jobs in one transaction
  // Called in a lane, once by each, when Store::broken() holds: somebody must open the store anew.
  std::function<void()> on_store_broken = {};
};

// The threads that make the store's calls. Each owns its partitions: drains its queue, runs all it
// found in one transaction, commits with one sync, and only then finishes each job.
class StorageLanes {
 public:
  // `store` and `log` outlive the lanes.
  StorageLanes(storage::Store& store, Log& log, const StorageLanesOptions& options);
  // Finishes what waits, then stops.
  ~StorageLanes();

  // Any thread. Errors: overloaded when the lane's queue is full or it is stopping; the job is
  // dropped without finish().
  Result<void> submit(storage::Partition partition, std::unique_ptr<StorageJob> job);

  // For what any thread may ask it.
  const storage::Store& store() const { return store_; }

  std::size_t lane_count() const;
  std::size_t lane_of(storage::Partition partition) const { return partition.index % lane_count(); }

  struct Statistics {
    std::uint64_t jobs = 0;
    std::uint64_t commits = 0;
    std::uint64_t failures = 0;  // commits that failed
    std::uint64_t waiting = 0;   // in the queues now
    std::uint64_t refused = 0;   // overloaded
  };
  Statistics statistics() const;  // any thread

 private:
  class Lane;
  const storage::Store& store_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace reveille
