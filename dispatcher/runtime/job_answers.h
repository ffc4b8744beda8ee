#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <utility>

#include "dispatcher/runtime/bounded_queue.h"
#include "dispatcher/runtime/doorbell.h"
#include "protocol/base/ensure.h"

namespace reveille {

// What the jobs of one thread hand back to it from the storage lanes. It may take the last answer
// and go while a storage lane still rings: the destructor waits for that.
// Threads: put() any; take() and the destructor the one thread's.
template <typename Answer>
class JobAnswers {
 public:
  // At most `jobs_max` jobs are on their way.
  JobAnswers(std::size_t jobs_max, Doorbell& doorbell) : doorbell_(doorbell), queue_(jobs_max) {}
  JobAnswers(const JobAnswers&) = delete;
  JobAnswers& operator=(const JobAnswers&) = delete;
  ~JobAnswers() {
    while (putting_ != 0) std::this_thread::yield();
  }

  void put(Answer answer) {
    ++putting_;
    const auto pushed = queue_.try_push(std::move(answer));
    ensure(pushed != BoundedQueue<Answer>::Pushed::full, "a place for the answer of each job");
    doorbell_.ring();
    --putting_;  // the last of us that it touches
  }
  bool take(Answer& answer) { return queue_.try_pop(answer); }

 private:
  Doorbell& doorbell_;  // outlives us
  BoundedQueue<Answer> queue_;
  std::atomic<std::size_t> putting_ = 0;
};

}  // namespace reveille
