#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "dispatcher/wake/in_flight.h"
#include "storage/store.h"

namespace reveille::wake {

// The outcomes of many flights on their way to the store in one transaction, and back. Its buffers
// are used again.
class RecordBatch {
 public:
  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }

  // `row` says which row of the store is meant; in a flight it is the flight's wake or its newer.
  void add(FlightId flight, const storage::DueWake& row, storage::WakeRecord::Outcome outcome,
           std::optional<storage::Time> next_due_at, std::string_view reason);
  void clear() { count_ = 0; }
  // The later half of at least two, which this batch loses.
  RecordBatch split();

  std::span<const storage::WakeRecord> records() const { return {records_.data(), count_}; }
  std::span<const FlightId> flights() const { return {flights_.data(), count_}; }

  // In the storage lane; may be called again. A token that APNs calls dead is parked only if it is
  // still the enrolment's: a TokenUpdate may have come while the push was under way. And an
  // enrolment is given up only if it was not heard of since the decision; otherwise its wake is due
  // at once, and judged anew. Errors: the store's.
  Result<void> write(storage::Transaction& transaction, storage::Time now);

  Result<void> outcome;

 private:
  Result<void> spare_who_came_back(storage::Transaction& transaction, std::size_t position,
                                   storage::Time now);

  std::size_t count_ = 0;  // the first ones of each vector
  std::vector<storage::WakeRecord> records_;
  std::vector<storage::Time> tokens_updated_at_;
  std::vector<storage::Time> seen_at_;
  std::vector<FlightId> flights_;
};

}  // namespace reveille::wake
