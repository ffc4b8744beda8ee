#pragma once

#include <utility>
#include <variant>

#include "dispatcher/batch/expansion.h"
#include "dispatcher/batch/reading.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/job_answers.h"
#include "dispatcher/runtime/storage_lanes.h"

// What the expander asks of the storage lanes.
namespace reveille::batch {

// Each fills in its answer; may be called again in a fresh transaction. Errors: the store's.
Result<void> carry_out(ChunkResult& chunk, storage::Transaction& transaction, const Clock& clock);
Result<void> carry_out(Listing& listing, storage::Transaction& transaction, const Clock& clock);
Result<void> carry_out(Lookup& lookup, storage::Transaction& transaction, const Clock& clock);

// What the storage lanes hand back to the expander's thread.
using Answer = std::variant<ChunkResult, Listing, Lookup>;
using Answers = JobAnswers<Answer>;

// Answers once, also when the storage lane is full and drops it.
template <typename Order>
class Job final : public StorageJob {
 public:
  Job(Order order, const Clock& clock, Answers& answers)
      : order_(std::move(order)), clock_(clock), answers_(answers) {}
  ~Job() override {
    if (!answered_) finish(failure(ErrorCode::overloaded, "the storage lane is full"));
  }

  Result<void> run(storage::Transaction& transaction) override {
    order_.outcome = carry_out(order_, transaction, clock_);
    if (order_.outcome) return {};
    const ErrorCode code = order_.outcome.error().code;
    const bool is_its_own = code != ErrorCode::unavailable && code != ErrorCode::corrupt;
    return is_its_own ? Result<void>{} : order_.outcome;
  }

  void finish(Result<void> committed) override {
    answered_ = true;
    if (!committed) order_.outcome = std::move(committed);
    answers_.put(std::move(order_));
  }

 private:
  Order order_;
  const Clock& clock_;
  Answers& answers_;
  bool answered_ = false;
};

}  // namespace reveille::batch
