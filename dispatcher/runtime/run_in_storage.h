#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "dispatcher/runtime/storage_lanes.h"

namespace reveille {

// Runs `work` in the transaction of the partition's lane and resumes the calling coroutine in its
// own executor after the commit, with what work returned: an answer only once it is durable.
// `work` owns what it captures and may be run twice (see StorageJob::run).
// Errors: those of work; unavailable when the commit failed; overloaded when the lane is full.
template <typename Value>
boost::asio::awaitable<Result<Value>> run_in_storage(
    StorageLanes& lanes, storage::Partition partition,
    std::move_only_function<Result<Value>(storage::Transaction&)> work) {
  namespace asio = boost::asio;

  using Resume = std::move_only_function<void(Result<Value>)>;

  class Job final : public StorageJob {
   public:
    Job(std::move_only_function<Result<Value>(storage::Transaction&)> work_of_caller, Resume resume)
        : work_(std::move(work_of_caller)), resume_(std::move(resume)) {}

    Result<void> run(storage::Transaction& transaction) override {
      outcome_ = work_(transaction);
      if (!*outcome_) {
        const ErrorCode code = outcome_->error().code;
        if (code == ErrorCode::unavailable || code == ErrorCode::corrupt) {
          return std::unexpected(outcome_->error());
        }
      }
      return {};
    }

    void finish(Result<void> committed) override {
      if (!committed) {
        resume_(std::unexpected(std::move(committed.error())));
      } else {
        resume_(std::move(*outcome_));
      }
    }

   private:
    std::move_only_function<Result<Value>(storage::Transaction&)> work_;
    Resume resume_;
    std::optional<Result<Value>> outcome_;
  };

  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto initiate = [&lanes, partition, executor, &work](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    Resume resume = [shared, executor](Result<Value> outcome) mutable {
      asio::post(executor, [shared = std::move(shared), outcome = std::move(outcome)]() mutable {
        std::move (*shared)(std::move(outcome));
      });
    };
    auto job = std::make_unique<Job>(std::move(work), std::move(resume));
    Result<void> submitted = lanes.submit(partition, std::move(job));
    if (!submitted) {
      asio::post(executor, [shared, error = std::move(submitted.error())]() mutable {
        std::move (*shared)(Result<Value>(std::unexpected(std::move(error))));
      });
    }
  };
  co_return co_await asio::async_initiate<decltype(asio::use_awaitable), void(Result<Value>)>(
      initiate, asio::use_awaitable);
}

}  // namespace reveille
