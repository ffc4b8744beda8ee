#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "dispatcher/runtime/clock.h"

namespace reveille::apns {

// How many connections the load asks for: one at rest, one more each time that pushes wait although
// every stream is taken, one fewer after a while of load that the rest would carry at half.
class ConnectionCount {
 public:
  struct Load {
    std::size_t usable = 0;     // connections that take pushes
    std::size_t streams = 0;    // that they allow together
    std::size_t in_flight = 0;
    std::optional<Clock::SteadyTime> waiting_since = std::nullopt;  // of the oldest push without a stream
  };

  ConnectionCount(std::size_t connections_max, std::chrono::milliseconds grow_after,
                  std::chrono::milliseconds shrink_after)
      : connections_max_(connections_max == 0 ? 1 : connections_max),
        grow_after_(grow_after),
        shrink_after_(shrink_after) {}

  std::size_t wanted() const { return wanted_; }
  void consider(const Load& load, Clock::SteadyTime now);

 private:
  const std::size_t connections_max_;
  const std::chrono::milliseconds grow_after_;
  const std::chrono::milliseconds shrink_after_;
  std::size_t wanted_ = 1;
  std::optional<Clock::SteadyTime> spare_since_;
};

}  // namespace reveille::apns
