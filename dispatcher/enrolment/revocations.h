#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <set>
#include <span>

#include "storage/records.h"

namespace reveille::enrolment {

// The identity certificates that an operator revoked: filled from the store at the start, added to
// once a revocation is durable. Few, so all of them are in memory. Any thread.
class Revocations {
 public:
  void add(std::span<const storage::Sha256> certificates);

  // Without a lock while there are none.
  bool contains(const storage::Sha256& certificate) const;

  std::size_t count() const { return count_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  std::set<storage::Sha256> certificates_;  // guarded by mutex_
  std::atomic<std::size_t> count_{0};
};

}  // namespace reveille::enrolment
