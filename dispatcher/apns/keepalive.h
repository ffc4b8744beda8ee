#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "dispatcher/runtime/clock.h"

namespace reveille::apns {

// Whether a silent connection still lives: a PING after some silence, and when nothing at all comes
// in answer, the connection is dead, whatever the kernel says (a firewall dropped the flow).
class Keepalive {
 public:
  struct Periods {
    std::chrono::milliseconds ping_after;  // with streams open
    std::chrono::milliseconds ping_idle;   // with none
    std::chrono::milliseconds ping_timeout;
  };
  enum class Action { none, ping, drop };

  Keepalive(const Periods& periods, Clock::SteadyTime now) : periods_(periods), last_read_(now) {}

  void on_read(Clock::SteadyTime now) {
    last_read_ = now;
    pinged_at_.reset();  // any frame proves the connection, not the answer alone
  }

  // A PING counts as sent when this asks for it.
  Action consider(bool streams_open, Clock::SteadyTime now) {
    if (now < next(streams_open)) return Action::none;
    if (pinged_at_) return Action::drop;
    pinged_at_ = now;
    return Action::ping;
  }

  // When consider() will ask for something next.
  Clock::SteadyTime next(bool streams_open) const {
    if (pinged_at_) return *pinged_at_ + periods_.ping_timeout;
    // Silence counts from the first open stream, not from an idle hour before it: a PING that
    // early would be harmless, so no more is remembered than the last read.
    return last_read_ + (streams_open ? periods_.ping_after : periods_.ping_idle);
  }

 private:
  const Periods periods_;
  Clock::SteadyTime last_read_;
  std::optional<Clock::SteadyTime> pinged_at_;
};

}  // namespace reveille::apns
