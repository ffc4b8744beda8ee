#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "dispatcher/apns/client_state.h"

namespace reveille::apns {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr milliseconds period_min{1};
constexpr milliseconds period_max{1'000};
constexpr milliseconds goodbye_time{1'000};
// So many attempts in a row without an answer, on one connection: it stalls, though it may answer
// PING.
constexpr std::uint32_t unanswered_max = 10;

}  // namespace

asio::awaitable<void> Client::State::keep_time(std::shared_ptr<State> self) {
  (void)self;  // keeps this alive
  while (!gone) {
    timer.expires_after(tick_period());
    boost::system::error_code cancelled;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (!gone && !cancelled) tick();
  }
}

bool Client::State::has_deadlines() const {
  return !table.empty() || stop_by || (tls && usable_connections() < count.wanted());
}

// A quarter of the shortest time that matters now, so that each deadline is met a little late at
// most; at rest a look each second.
milliseconds Client::State::tick_period() {
  milliseconds shortest = std::min({options.ping_idle, options.ping_timeout, options.shrink_after});
  ticks_slowly = !has_deadlines();
  if (!ticks_slowly) {
    shortest = std::min({shortest, options.push_timeout, options.answer_timeout, options.ping_after,
                         options.backoff_first, options.refused_pause, options.grow_after,
                         options.certificate_retry});
  }
  return std::clamp(shortest / 4, period_min, period_max);
}

void Client::State::tick() {
  const Clock::SteadyTime now = clock.steady_now();
  if (certificate_refusal && now >= refusal_ends_at) certificate_refusal.reset();
  table.release_held(now - options.refused_pause);
  expire_pushes(now);
  check_connections(now);
  retire_slow_connections();
  adjust_connection_count(now);
  const auto oldest = table.oldest_waiting();
  figures.waiting_longest_microseconds.set(
      oldest ? static_cast<std::uint64_t>(
                   std::chrono::duration_cast<std::chrono::microseconds>(now - *oldest).count())
             : 0);
  if (stop_by) continue_stop(now);
  run_turn();
}

void Client::State::expire_pushes(Clock::SteadyTime now) {
  while (PendingPush* pending = table.submitted_until(now - options.push_timeout)) {
    if (pending->connection != nullptr) {
      // One that was sent just now, after a long wait for a stream, says nothing of its connection.
      const bool had_its_time = now - pending->stage_since >= options.answer_timeout;
      if (had_its_time) pending->connection->note_unanswered();
      pending->connection->cancel(pending->id);
    }
    figures.timed_out.add();
    fail(*pending, pending->attempts > 0 || usable_connections() > 0 ? "timed out"
                                                                     : "no connection to APNs");
  }
  while (PendingPush* pending = table.sent_until(now - options.answer_timeout)) {
    pending->connection->note_unanswered();
    pending->connection->cancel(pending->id);
    send_again_or_fail(*pending, figures.resubmitted_unanswered, "timed out");
  }
  for (const auto& connection : connections) connection->flush();
}

void Client::State::check_connections(Clock::SteadyTime now) {
  const auto checked = connections;  // one that is dropped leaves the list
  for (const auto& connection : checked) {
    if (connection->check_alive(now)) figures.pings.add();
  }
}

void Client::State::retire_slow_connections() {
  for (const auto& connection : connections) {
    if (connection->draining()) continue;
    if (connection->unanswered_in_a_row() >= unanswered_max) {
      retire(*connection, "it does not answer");
      continue;
    }
    const bool slow = std::ranges::any_of(connections, [&](const auto& sibling) {
      return !sibling->draining() && connection->answer_time().is_far_slower_than(
                                         sibling->answer_time(), options.slower_by);
    });
    if (slow) retire(*connection, "it is far slower than its siblings");
  }
}

void Client::State::retire(Connection& connection, const char* why) {
  figures.retired.add();
  log.warning("connection to APNs is replaced",
              {{"topic", topic}, {"address", connection.address().to_string()}, {"reason", why}});
  connection.drain();
}

void Client::State::adjust_connection_count(Clock::SteadyTime now) {
  ConnectionCount::Load load;
  Connection* idlest = nullptr;
  for (const auto& connection : connections) {
    if (connection->draining()) continue;
    ++load.usable;
    load.streams += connection->streams_allowed();
    load.in_flight += connection->in_flight();
    if (idlest == nullptr || connection->in_flight() < idlest->in_flight()) {
      idlest = connection.get();
    }
  }
  load.waiting_since = table.oldest_waiting();
  count.consider(load, now);
  if (load.usable > count.wanted()) idlest->drain();
}

void Client::State::begin_stop(milliseconds deadline, std::move_only_function<void()> done) {
  const Clock::SteadyTime now = clock.steady_now();
  stop_by = now + deadline;
  stopped = std::move(done);
  run_turn();  // fails what waits
  timer.cancel();
  continue_stop(now);
}

void Client::State::continue_stop(Clock::SteadyTime now) {
  if (!close_by) {
    if (table.in_flight() > 0 && now < *stop_by) return;
    close_by = now + goodbye_time;
    while (PendingPush* pending = table.oldest()) {
      if (pending->connection != nullptr) pending->connection->cancel(pending->id);
      fail(*pending, "stopping");
    }
    const auto open = connections;
    for (const auto& connection : open) connection->drain();
  }
  if (now >= *close_by) {
    const auto late = std::exchange(connections, {});
    for (const auto& connection : late) connection->leave();
  }
  // Posted: it may destroy the client.
  if (connections.empty() && stopped) asio::post(lane, std::exchange(stopped, nullptr));
}

}  // namespace reveille::apns
