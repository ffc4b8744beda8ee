#pragma once

#include <cstddef>

namespace reveille::batch {

struct ExpanderOptions {
  std::size_t chunk_enrolments_max = 256;  // walked in one job
  std::size_t chunks_in_flight_max = 1;    // of each storage lane
  // Of a storage lane's time while others use it; the rest is theirs.
  std::size_t busy_share_percent = 20;
  // Batches that are not at their end; more are refused at the door.
  std::size_t unfinished_max = 10'000;
};

}  // namespace reveille::batch
