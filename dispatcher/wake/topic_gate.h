#pragma once

#include <chrono>
#include <cstdint>

#include "dispatcher/runtime/clock.h"

namespace reveille::wake {

struct TopicGateOptions {
  std::uint32_t failures_max = 32;      // pushes in a row without an answer, until a pause
  std::uint32_t doubts_max = 16;        // rejections in a row that may be the topic's, until a stop
  std::chrono::seconds pause_first{2};  // doubles
  std::chrono::seconds pause_max{60};
  std::chrono::seconds probe{300};  // of a stopped topic
};

// Whether a topic's pushes may go out now.
//
//            failures_max failures in a row                   refused
//     open ────────────────────────────────► paused     any ─────────► stopped
//       ▲                                       │                          │
//       └────────── an answer to a push ────────┴── the probe's answer ────┘
//
// Refused: as a topic, or as so many tokens in a row, none accepted between, that they cannot all
// be at fault: DeviceTokenNotForTopic and BadDeviceToken say as much of a wrong certificate, or of
// the other of APNs' two environments, as of a token.
//
// Paused: APNs or the way to it is out of order. Wakes wait; one push at a time asks whether it is
// over. Stopped: APNs refuses the topic or its certificate, and somebody has to act; wakes go back
// to the store, and one push every few minutes sees a repair at Apple's side.
class TopicGate {
 public:
  explicit TopicGate(const TopicGateOptions& options) : options_(options) {}

  enum class Order {
    send,
    send_probe,  // call probe_sent() when it was
    hold,        // keep it here until then
    postpone,    // give it back until then
  };
  struct Answer {
    Order order = Order::send;
    Clock::SteadyTime until{};  // hold, postpone; max() while a probe is out
  };
  Answer ask(Clock::SteadyTime now) const;
  void probe_sent() { probing_ = true; }

  enum class Change { none, paused, stopped, opened };

  // What came of a push of this topic. `certificate` is certificate() at its submission: what an
  // earlier certificate was refused for says nothing of the present one.
  Change accepted(bool was_probe);
  Change answered(bool was_probe);  // neither taken nor refused: it breaks no row of doubts
  Change doubted(bool was_probe, std::uint32_t certificate, Clock::SteadyTime now);
  Change refused(std::uint32_t certificate, Clock::SteadyTime now);
  Change failed(bool was_probe, Clock::SteadyTime now);

  // A new certificate, or somebody's word that all is well.
  Change resume();

  bool stopped() const { return state_ == State::stopped; }
  Clock::SteadyTime until() const { return until_; }
  std::uint32_t certificate() const { return certificate_; }

 private:
  enum class State { open, paused, stopped };

  void close_for(State state, std::chrono::seconds time, Clock::SteadyTime now);
  Change open();

  TopicGateOptions options_;
  State state_ = State::open;
  bool probing_ = false;
  std::uint32_t failures_ = 0;  // in a row, while open
  std::uint32_t doubts_ = 0;    // in a row, while open
  std::uint32_t pauses_ = 0;    // in a row
  std::uint32_t certificate_ = 0;
  Clock::SteadyTime until_{};
};

}  // namespace reveille::wake
