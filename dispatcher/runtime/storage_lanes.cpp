#include "dispatcher/runtime/storage_lanes.h"

#include <semaphore>
#include <thread>
#include <utility>

#include "dispatcher/runtime/bounded_queue.h"
#include "protocol/base/ensure.h"

namespace reveille {

class StorageLanes::Lane {
 public:
  Lane(storage::Store& store, Log& log, const StorageLanesOptions& options)
      : store_(store),
        log_(log),
        batch_max_(options.batch_max),
        on_store_broken_(options.on_store_broken),
        queue_(options.queue_capacity),
        thread_([this] { work(); }) {}

  ~Lane() {
    stopping_ = true;
    wake_.release();
    thread_.join();
  }

  bool submit(std::unique_ptr<StorageJob> job) {
    using Pushed = BoundedQueue<std::unique_ptr<StorageJob>>::Pushed;
    const Pushed pushed = stopping_ ? Pushed::full : queue_.try_push(std::move(job));
    if (pushed == Pushed::full) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    if (pushed == Pushed::first) wake_.release();
    return true;
  }

  void add_to(Statistics& statistics) const {
    statistics.jobs += jobs_.load(std::memory_order_relaxed);
    statistics.commits += commits_.load(std::memory_order_relaxed);
    statistics.failures += failures_.load(std::memory_order_relaxed);
    statistics.refused += refused_.load(std::memory_order_relaxed);
    statistics.waiting += queue_.size();
  }

 private:
  using Jobs = std::vector<std::unique_ptr<StorageJob>>;

  void work() {
    Jobs jobs;
    for (;;) {
      jobs.clear();
      std::unique_ptr<StorageJob> job;
      while (jobs.size() < batch_max_ && queue_.try_pop(job)) jobs.push_back(std::move(job));
      if (!jobs.empty()) {
        run(jobs);
      } else if (queue_.size() > 0) {
        std::this_thread::yield();  // a producer is between counting and pushing
      } else if (stopping_) {
        return;
      } else {
        wake_.acquire();
      }
    }
  }

  void run(Jobs& jobs) {
    jobs_.fetch_add(jobs.size(), std::memory_order_relaxed);
    std::unique_ptr<storage::Transaction> transaction = store_.begin();
    if (!run_all(jobs, *transaction)) {
      transaction.reset();
      // One of them broke the transaction of all: each on its own, so that only the broken one fails.
      for (const auto& job : jobs) run_alone(*job);
      return;
    }
    // Not tried again: the disk refuses all alike, and what a failed write did is unknown.
    const Result<void> committed = commit(*transaction);
    transaction.reset();  // whoever has its answer may look at the store, which this could keep
    for (const auto& job : jobs) job->finish(committed);
  }

  static bool run_all(const Jobs& jobs, storage::Transaction& transaction) {
    for (const auto& job : jobs) {
      if (!job->run(transaction)) return false;
    }
    return true;
  }

  void run_alone(StorageJob& job) {
    std::unique_ptr<storage::Transaction> transaction = store_.begin();
    Result<void> outcome = job.run(*transaction);
    if (outcome) outcome = commit(*transaction);
    transaction.reset();
    job.finish(std::move(outcome));
  }

  Result<void> commit(storage::Transaction& transaction) {
    Result<void> committed = transaction.commit();
    commits_.fetch_add(1, std::memory_order_relaxed);
    if (committed) return committed;
    failures_.fetch_add(1, std::memory_order_relaxed);
    log_.error("commit failed",
               {{"code", name_of(committed.error().code)}, {"detail", committed.error().detail}});
    if (store_.broken() && on_store_broken_) std::exchange(on_store_broken_, nullptr)();
    return committed;
  }

  storage::Store& store_;
  Log& log_;
  const std::size_t batch_max_;
  std::function<void()> on_store_broken_;
  BoundedQueue<std::unique_ptr<StorageJob>> queue_;
  std::counting_semaphore<> wake_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> jobs_{0}, commits_{0}, failures_{0}, refused_{0};
  std::thread thread_;  // last: it uses all of the above
};

StorageLanes::StorageLanes(storage::Store& store, Log& log, const StorageLanesOptions& options)
    : store_(store) {
  ensure(options.lanes >= 1 && options.lanes <= storage::Partition::count,
         "between one lane and one for each partition");
  for (std::size_t i = 0; i < options.lanes; ++i) {
    lanes_.push_back(std::make_unique<Lane>(store, log, options));
  }
}

StorageLanes::~StorageLanes() = default;

Result<void> StorageLanes::submit(storage::Partition partition, std::unique_ptr<StorageJob> job) {
  if (lanes_[lane_of(partition)]->submit(std::move(job))) return {};
  return failure(ErrorCode::overloaded, "the storage lane's queue is full");
}

std::size_t StorageLanes::lane_count() const { return lanes_.size(); }

StorageLanes::Statistics StorageLanes::statistics() const {
  Statistics statistics;
  for (const auto& lane : lanes_) lane->add_to(statistics);
  return statistics;
}

}  // namespace reveille
