#pragma once

#include <chrono>
#include <cstdint>

namespace reveille::batch {

struct Statistics {
  // Now.
  std::uint64_t unfinished = 0;  // all of the following
  std::uint64_t expanding = 0;
  std::uint64_t withdrawing = 0;  // cancelled or expired
  std::uint64_t paused = 0;
  std::uint64_t awaiting_expiry = 0;  // expanded; what is live then will be withdrawn
  std::uint64_t chunks_in_flight = 0;
  // Since it was created, of the oldest one that expands or withdraws.
  std::chrono::milliseconds oldest{0};

  // Since the start.
  std::uint64_t chunks = 0;
  std::uint64_t walked = 0;     // places of audiences, to expand or to withdraw
  std::uint64_t queued = 0;     // deliveries
  std::uint64_t withdrawn = 0;  // deliveries
  std::uint64_t yields = 0;     // rests that left a storage lane to others
  std::uint64_t failures = 0;   // chunks and readings that are tried again
};

}  // namespace reveille::batch
