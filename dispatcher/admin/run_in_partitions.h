#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dispatcher/admin/countdown.h"
#include "dispatcher/runtime/storage_lanes.h"

namespace reveille::admin {

template <typename Value>
struct PartitionWork {
  storage::Partition partition;
  // Owns what it captures; may be run twice (see StorageJob::run).
  std::move_only_function<Result<Value>(storage::Transaction&)> work;
};

// Like run_in_storage(), for several partitions side by side: resumes once, when all of them have
// committed or failed. Each has an outcome of its own; the answers are by position.
template <typename Value>
boost::asio::awaitable<std::vector<Result<Value>>> run_in_partitions(
    StorageLanes& lanes, std::vector<PartitionWork<Value>> works) {
  struct Shared {
    std::shared_ptr<Countdown> countdown;
    std::vector<std::optional<Result<Value>>> outcomes;
  };

  class Job final : public StorageJob {
   public:
    Job(std::shared_ptr<Shared> shared, std::size_t position, PartitionWork<Value> work)
        : shared_(std::move(shared)), position_(position), work_(std::move(work)) {}

    Result<void> run(storage::Transaction& transaction) override {
      outcome_ = work_.work(transaction);
      if (*outcome_) return {};
      const ErrorCode code = outcome_->error().code;
      if (code != ErrorCode::unavailable && code != ErrorCode::corrupt) return {};
      return std::unexpected(outcome_->error());
    }

    void finish(Result<void> committed) override {
      if (!committed) outcome_ = std::unexpected(std::move(committed.error()));
      shared_->outcomes[position_] = std::move(outcome_);
      shared_->countdown->arrive();
    }

   private:
    std::shared_ptr<Shared> shared_;
    std::size_t position_;
    PartitionWork<Value> work_;
    std::optional<Result<Value>> outcome_;
  };

  const boost::asio::any_io_executor executor = co_await boost::asio::this_coro::executor;
  auto shared = std::make_shared<Shared>();
  shared->countdown = std::make_shared<Countdown>(executor, works.size());
  shared->outcomes.resize(works.size());
  for (std::size_t i = 0; i < works.size(); ++i) {
    const storage::Partition partition = works[i].partition;
    auto job = std::make_unique<Job>(shared, i, std::move(works[i]));
    Result<void> submitted = lanes.submit(partition, std::move(job));
    if (!submitted) {
      shared->outcomes[i] = std::unexpected(std::move(submitted.error()));
      shared->countdown->arrive();
    }
  }
  // Lanes finish every job that they took, so this wait ends without a deadline of its own.
  co_await Countdown::wait(shared->countdown, std::chrono::steady_clock::time_point::max());

  std::vector<Result<Value>> outcomes;
  outcomes.reserve(shared->outcomes.size());
  for (auto& outcome : shared->outcomes) outcomes.push_back(std::move(*outcome));
  co_return outcomes;
}

}  // namespace reveille::admin
