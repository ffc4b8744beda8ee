#include "dispatcher/wake/lane_jobs.h"

#include <utility>

namespace reveille::wake {
namespace {

Result<void> dropped() { return failure(ErrorCode::overloaded, "the storage lane is full"); }

}  // namespace

ReadJob::ReadJob(DueRead read, const Clock& clock, StorageAnswers& answers)
    : read_(std::move(read)), clock_(clock), answers_(answers) {}

ReadJob::~ReadJob() {
  if (!answered_) finish(dropped());
}

Result<void> ReadJob::run(storage::Transaction& transaction) {
  return read_due(transaction, read_, clock_.wall_now());
}

void ReadJob::finish(Result<void> committed) {
  answered_ = true;
  read_.outcome = std::move(committed);
  answers_.put(std::move(read_));
}

RecordJob::RecordJob(RecordBatch batch, const Clock& clock, StorageAnswers& answers)
    : batch_(std::move(batch)), clock_(clock), answers_(answers) {}

RecordJob::~RecordJob() {
  if (!answered_) finish(dropped());
}

Result<void> RecordJob::run(storage::Transaction& transaction) {
  return batch_.write(transaction, clock_.wall_now());
}

void RecordJob::finish(Result<void> committed) {
  answered_ = true;
  batch_.outcome = std::move(committed);
  answers_.put(std::move(batch_));
}

}  // namespace reveille::wake
