#include <algorithm>
#include <utility>

#include "dispatcher/apns/client_state.h"

namespace reveille::apns {
namespace {

// Pushes given to one connection before the others' room is compared again.
constexpr std::size_t share = 32;

}  // namespace

void Client::State::run_turn() {
  take_submitted();
  if (certificates_on_their_way.load(std::memory_order_acquire) > 0) return publish_figures();
  if (const std::optional<std::string> why = hopeless()) {
    fail_waiting(*why);
  } else {
    send_waiting();
  }
  dial_if_wanted();
  // Deadlines have come into being: the next look is due sooner.
  if (ticks_slowly && has_deadlines()) {
    ticks_slowly = false;
    timer.cancel();
  }
  publish_figures();
}

void Client::State::take_submitted() {
  SubmittedPush submitted;
  std::uint64_t taken = 0;
  for (BoundedQueue<SubmittedPush>& queue : queues) {
    while (queue.try_pop(submitted)) {
      table.add(std::move(submitted.push), submitted.at);
      ++taken;
    }
  }
  if (taken > 0) figures.taken.add(taken);
  // One whose producer is still within try_push(): it relies on us to look again.
  if (handed_over() > 0) post_turn();
}

void Client::State::send_waiting() {
  while (table.sendable() > 0) {
    Connection* connection = with_most_room();
    if (connection == nullptr) return;
    const Clock::SteadyTime now = clock.steady_now();
    const std::size_t room = std::min(connection->capacity(), share);
    std::uint64_t sent = 0;
    while (sent < room) {
      PendingPush* pending = table.first_waiting();
      if (pending == nullptr) break;
      if (pending->push.topic != topic) {
        fail_as_other_topic(*pending);
        continue;
      }
      table.mark_sent(*pending, *connection, now);
      connection->send(*pending);
      ++sent;
    }
    figures.sent.add(sent);
    connection->flush();
    if (connection->ids_have_run_out()) retire(*connection, "its stream ids have run out");
  }
}

Connection* Client::State::with_most_room() {
  Connection* best = nullptr;
  std::size_t room = 0;
  for (const auto& connection : connections) {
    const std::size_t capacity = connection->capacity();
    if (capacity <= room) continue;
    best = connection.get();
    room = capacity;
  }
  return best;
}

std::optional<std::string> Client::State::hopeless() const {
  if (stop_by) return "stopping";
  if (certificate_refusal) return *certificate_refusal;
  if (!tls) return "no push certificate";
  return std::nullopt;
}

void Client::State::publish_figures() {
  std::size_t draining = 0;
  std::size_t streams = 0;
  for (const auto& connection : connections) {
    if (connection->draining()) {
      ++draining;
    } else {
      streams += connection->streams_allowed();
    }
  }
  figures.connections.set(connections.size());
  figures.connections_draining.set(draining);
  figures.streams_allowed.set(streams);
  figures.in_flight.set(table.in_flight());
  for (const Urgency urgency : {Urgency::urgent, Urgency::bulk}) {
    figures.waiting[index_of(urgency)].set(table.waiting(urgency));
  }
}

}  // namespace reveille::apns
