#pragma once

#include <cstdint>

#include "storage/records.h"
#include "storage/store.h"

// What every engine decides alike about a batch.
namespace reveille::storage {

// Where a walk through a partition's share of an audience stands: all before it has been passed.
struct AudiencePlace {
  std::uint32_t chunk = 0, index = 0;  // with ids
  mdm::EnrolmentId last;               // with all_...: the last one that was passed

  friend auto operator<=>(const AudiencePlace&, const AudiencePlace&) = default;
};

enum class BatchWork { nothing, expand, withdraw };

BatchWork work_of(const Batch& batch, BatchPhase phase, Time now);

// What becomes of the deliveries of a batch that is withdrawn.
DeliveryState withdrawn_as(const Batch& batch);

// Whether its channel belongs to the audience; with ids: yes.
bool is_of(AudienceKind audience, const mdm::EnrolmentId& enrolment);

// The count of what enqueue() answered.
std::uint64_t& count_of(BatchCounts& counts, Enqueued answer);
std::uint64_t& count_of(BatchCounts& counts, DeliveryState state);

// Adds a partition's share: all but the audience of ids, which set_audience() knows.
void add(BatchCounts& counts, const BatchCounts& share);
void set_audience(BatchCounts& counts, const Batch& batch);

// The same order, whatever became of it.
bool is_same_order(const Batch& one, const Batch& other);

}  // namespace reveille::storage
