#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "tools/simulators/apns/connection.h"

// What the scenario does to a connection: phases, cuts, silence, GOAWAY, windows.
namespace reveille::simulators::apns {

void Connection::enter_phase() {
  if (over_) return;
  now_ = Clock::now();
  if (service_.phase->connections == Phase::Connections::cut) return cut();
  session_.change_settings(behaviour().settings);
  if (!shaken_) return;
  plan_phase();
  if (service_.phase->connections == Phase::Connections::goaway) begin_goaway();
  wake_writer();
}

void Connection::plan_phase() {
  const ConnectionFault& fault = behaviour().connection;
  const bool unlucky = luck_ < fault.share;
  session_.answer_pings(fault.answers_pings || !unlucky);
  thaw();
  // A cut that is still to come was the last phase's; those of single pushes are at hand.
  if (cut_at_ && *cut_at_ > end_of_output()) cut_at_.reset();
  if (unlucky && fault.cut_after_bytes != 0) cut_at(fault.cut_after_bytes);
  if (unlucky && fault.stall_after_bytes != 0) halt_at(fault.stall_after_bytes);
  const auto at = [this](Milliseconds age) { return std::max(now_, opened_ + age); };
  if (unlucky && fault.half_open != ConnectionFault::HalfOpen::no) {
    plan({.kind = Task::Kind::half_open, .due = at(fault.half_open_after)});
  }
  if (behaviour().goaway.after.count() > 0) {
    plan({.kind = Task::Kind::goaway, .due = at(behaviour().goaway.after)});
  }
  windows_planned_ = false;
  plan_window_update();
}

void Connection::cut_at(std::uint64_t position) {
  cut_at_ = cut_at_ ? std::min(*cut_at_, position) : position;
  wake_writer();
}

// No GOAWAY, no close_notify: what a provider sees when a machine or a middlebox dies.
void Connection::cut() {
  if (over_) return;
  if (shaken_) ++service_.report.cut;
  break_off(behaviour().connection.cut_with_reset);
  end();
}

void Connection::break_off(bool with_reset) {
  if (with_reset) {
    sockaddr nobody{};
    nobody.sa_family = AF_UNSPEC;  // Linux: a connected TCP socket is reset
    ::connect(descriptor_, &nobody, sizeof nobody);
  } else {
    ::shutdown(descriptor_, SHUT_RDWR);
  }
}

void Connection::halt_at(std::uint64_t position) {
  halt_at_ = halt_at_ ? std::min(*halt_at_, position) : position;
}

void Connection::plan_window_update() {
  const std::optional<Milliseconds> delay = behaviour().window_update_delay;
  if (!delay || windows_planned_ || !session_.owes_windows()) return;
  windows_planned_ = true;
  plan({.kind = Task::Kind::update_windows, .due = now_ + *delay});
}

void Connection::begin_goaway() {
  if (std::exchange(goaway_begun_, true)) return;
  const GoAway& goaway = behaviour().goaway;
  if (!goaway.announced) return finish_goaway();
  ++service_.report.goaways_sent;
  session_.go_away(wire::last_possible_stream, wire::code::no_error, {});
  plan({.kind = Task::Kind::second_goaway, .due = now_ + goaway.second_after});
}

void Connection::finish_goaway() {
  const GoAway& goaway = behaviour().goaway;
  ++service_.report.goaways_sent;
  const std::string reason =
      goaway.reason.empty() ? std::string() : R"({"reason":")" + goaway.reason + R"("})";
  session_.go_away(session_.last_stream_but(goaway.leaves), goaway.error_code, reason);
  drains_ = goaway.then == GoAway::Then::drain;
  if (goaway.then == GoAway::Then::cut) cut_at(end_of_output());
  wake_writer();
}

void Connection::freeze() {
  ++service_.report.half_open;
  if (behaviour().connection.half_open == ConnectionFault::HalfOpen::reads_nothing) {
    deaf_ = true;
    return;
  }
  frozen_ = true;
  session_.answer_pings(false);
}

void Connection::thaw() {
  deaf_ = frozen_ = false;
  halt_at_.reset();
  reading_waits_.cancel();
  for (const Task& task : std::exchange(held_, {})) give_answer(task);
}

}  // namespace reveille::simulators::apns
