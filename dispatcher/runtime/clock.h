#pragma once

#include <chrono>

namespace reveille {

// The only source of time for everything that decides by it; a test turns its own by hand.
// Any thread.
class Clock {
 public:
  using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
  using SteadyTime = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;
  virtual WallTime wall_now() const = 0;      // stored, compared with peers' times; may step
  virtual SteadyTime steady_now() const = 0;  // deadlines and latencies; never steps
};

class SystemClock final : public Clock {
 public:
  WallTime wall_now() const override {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace reveille
