#include "dispatcher/wake/topic_gate.h"

#include "dispatcher/wake/schedule.h"

namespace reveille::wake {

TopicGate::Answer TopicGate::ask(Clock::SteadyTime now) const {
  if (state_ == State::open) return {.order = Order::send, .until = {}};
  if (probing_) return {.order = Order::hold, .until = Clock::SteadyTime::max()};
  if (now >= until_) return {.order = Order::send_probe, .until = {}};
  return {.order = state_ == State::paused ? Order::hold : Order::postpone, .until = until_};
}

TopicGate::Change TopicGate::accepted(bool was_probe) {
  if (state_ == State::open) doubts_ = 0;
  return answered(was_probe);
}

TopicGate::Change TopicGate::doubted(bool was_probe, std::uint32_t certificate,
                                     Clock::SteadyTime now) {
  if (certificate != certificate_) return Change::none;
  if (state_ == State::stopped) {
    if (was_probe) close_for(State::stopped, options_.probe, now);
    return Change::none;
  }
  const Change change = answered(was_probe);
  if (++doubts_ < options_.doubts_max) return change;
  close_for(State::stopped, options_.probe, now);
  return Change::stopped;
}

TopicGate::Change TopicGate::answered(bool was_probe) {
  failures_ = 0;
  if (state_ == State::open) return Change::none;
  // An answer to what was sent before the refusal does not take it back.
  if (state_ == State::stopped && !was_probe) return Change::none;
  return open();
}

TopicGate::Change TopicGate::refused(std::uint32_t certificate, Clock::SteadyTime now) {
  if (certificate != certificate_) return Change::none;
  const bool was_stopped = state_ == State::stopped;
  // Pushes that were under way when the topic stopped are refused too: they do not put off the
  // probe.
  if (was_stopped && !probing_) return Change::none;
  close_for(State::stopped, options_.probe, now);
  return was_stopped ? Change::none : Change::stopped;
}

TopicGate::Change TopicGate::failed(bool was_probe, Clock::SteadyTime now) {
  if (state_ == State::stopped) {
    if (was_probe) close_for(State::stopped, options_.probe, now);
    return Change::none;
  }
  if (state_ == State::open && ++failures_ < options_.failures_max) return Change::none;
  if (state_ == State::paused && !was_probe) return Change::none;
  const auto pause = back_off(options_.pause_first, options_.pause_max, pauses_);
  const bool was_open = state_ == State::open;
  close_for(State::paused, std::chrono::ceil<std::chrono::seconds>(pause), now);
  ++pauses_;
  return was_open ? Change::paused : Change::none;
}

TopicGate::Change TopicGate::resume() {
  ++certificate_;
  return state_ == State::open ? Change::none : open();
}

void TopicGate::close_for(State state, std::chrono::seconds time, Clock::SteadyTime now) {
  state_ = state;
  probing_ = false;
  failures_ = 0;
  doubts_ = 0;
  until_ = now + time;
}

TopicGate::Change TopicGate::open() {
  state_ = State::open;
  probing_ = false;
  failures_ = 0;
  doubts_ = 0;
  pauses_ = 0;
  return Change::opened;
}

}  // namespace reveille::wake
