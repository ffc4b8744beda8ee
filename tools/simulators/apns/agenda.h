#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <vector>

#include "tools/simulators/apns/behaviour.h"

namespace reveille::simulators::apns {

// Something that a connection is to do later.
struct Task {
  using Time = std::chrono::steady_clock::time_point;
  enum class Kind {
    answer,
    goaway,
    second_goaway,
    half_open,
    update_windows,
    end
  } kind = Kind::answer;
  Time due{};
  std::uint64_t number = 0;        // of two that are due at once, the first planned is first
  std::uint64_t phase_number = 0;  // planned for that phase; answers are given in any

  // answer
  wire::StreamId stream = 0;
  const PushFault* fault = nullptr;  // nullptr: the answer of the rules
  Time arrived{};
};

// Tasks in the order of their time.
class Agenda {
 public:
  void add(Task task) {
    task.number = next_number_++;
    tasks_.push(task);
  }
  std::optional<Task::Time> next_due() const {
    return tasks_.empty() ? std::nullopt : std::optional(tasks_.top().due);
  }
  std::optional<Task> take_due(Task::Time now) {
    if (tasks_.empty() || tasks_.top().due > now) return std::nullopt;
    Task task = tasks_.top();
    tasks_.pop();
    return task;
  }
  void clear() { tasks_ = {}; }

 private:
  struct Later {
    bool operator()(const Task& left, const Task& right) const {
      return left.due != right.due ? left.due > right.due : left.number > right.number;
    }
  };
  std::priority_queue<Task, std::vector<Task>, Later> tasks_;
  std::uint64_t next_number_ = 0;
};

}  // namespace reveille::simulators::apns
