#pragma once

#include <vector>

#include "bench/storage/fleet.h"

namespace reveille::bench {

// The ids of each partition, in the order in which an expansion walks them.
using Shares = std::vector<std::vector<mdm::EnrolmentId>>;
Shares shares_of(const Fleet& fleet);

// Stores a batch of a new command; `shares` are its audience when that is ids.
storage::BatchId order(Fleet& fleet, storage::AudienceKind audience, const Shares& shares);

// All steps of one partition, `in_one_commit` places at a time.
void expand(Fleet& fleet, const storage::BatchId& batch, storage::Partition partition,
            std::size_t in_one_commit);

}  // namespace reveille::bench
