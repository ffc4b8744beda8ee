#pragma once

#include <atomic>
#include <cstdint>

namespace reveille {

// Counts what one lane does; any thread may read it. Without a read-modify-write, since there is
// one writer, and relaxed, since nothing else is read by its value.
class LaneCounter {
 public:
  void add_one() { count_.store(value() + 1, std::memory_order_relaxed); }
  std::uint64_t value() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

}  // namespace reveille
