#pragma once

#include <concurrentqueue/concurrentqueue.h>
#include <atomic>
#include <cstddef>
#include <utility>

namespace reveille {

// Values from any number of threads to one or several others, without a lock, at most `capacity`
// of them. moodycamel's queue keeps the order of each producer; between producers there is none.
// ThreadSanitizer does not understand its fences: see tests/support/tsan.suppressions.
template <typename Value>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity), queue_(capacity) {}

  enum class Pushed {
    first,   // the queue was empty: the consumer may be asleep, wake it
    behind,  // others wait already
    full,    // nothing was taken; `value` is untouched
  };

  // Any thread.
  Pushed try_push(Value&& value) {
    const std::size_t before = size_.fetch_add(1, std::memory_order_acq_rel);
    if (before >= capacity_ || !queue_.enqueue(std::move(value))) {
      size_.fetch_sub(1, std::memory_order_acq_rel);
      return Pushed::full;
    }
    return before == 0 ? Pushed::first : Pushed::behind;
  }

  // Consumers. A value whose push has not returned yet may be missed: its producer sees `first` or
  // finds an awake consumer, so a consumer sleeps only after size() was 0.
  bool try_pop(Value& value) {
    if (!queue_.try_dequeue(value)) return false;
    size_.fetch_sub(1, std::memory_order_acq_rel);
    return true;
  }

  // About as many as wait; exact when nobody pushes or pops.
  std::size_t size() const { return size_.load(std::memory_order_acquire); }
  std::size_t capacity() const { return capacity_; }

 private:
  const std::size_t capacity_;
  std::atomic<std::size_t> size_{0};
  moodycamel::ConcurrentQueue<Value> queue_;
};

}  // namespace reveille
