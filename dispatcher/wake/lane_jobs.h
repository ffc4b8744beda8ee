#pragma once

#include <cstddef>
#include <variant>

#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/job_answers.h"
#include "dispatcher/runtime/storage_lanes.h"
#include "dispatcher/wake/due.h"
#include "dispatcher/wake/record_batch.h"

namespace reveille::wake {

// What a storage lane hands back to its wake lane. Each job answers once, also when the storage
// lane is full and drops it.
using StorageAnswer = std::variant<DueRead, RecordBatch>;
using StorageAnswers = JobAnswers<StorageAnswer>;
constexpr std::size_t storage_jobs_max = 2;  // one of each kind

class ReadJob final : public StorageJob {
 public:
  ReadJob(DueRead read, const Clock& clock, StorageAnswers& answers);
  ~ReadJob() override;
  Result<void> run(storage::Transaction& transaction) override;
  void finish(Result<void> committed) override;

 private:
  DueRead read_;
  const Clock& clock_;
  StorageAnswers& answers_;
  bool answered_ = false;
};

class RecordJob final : public StorageJob {
 public:
  RecordJob(RecordBatch batch, const Clock& clock, StorageAnswers& answers);
  ~RecordJob() override;
  Result<void> run(storage::Transaction& transaction) override;
  void finish(Result<void> committed) override;

 private:
  RecordBatch batch_;
  const Clock& clock_;
  StorageAnswers& answers_;
  bool answered_ = false;
};

}  // namespace reveille::wake
