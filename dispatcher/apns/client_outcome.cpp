#include <utility>

#include "dispatcher/apns/client_state.h"
#include "protocol/base/ensure.h"

namespace reveille::apns {
namespace {

// Refused so often in a row, a push waits a moment: "at once" must not become a busy loop with a
// peer that refuses everything.
constexpr std::uint32_t refusals_at_once = 3;

}  // namespace

void Client::State::on_answer(Connection& connection, std::uint32_t id,
                              const http::ResponseView& response) {
  PendingPush& pending = table.at(id);
  ensure(pending.connection == &connection, "a connection answers the pushes that it was given");
  connection.on_answer_time(connection.now() - pending.stage_since);
  Response parsed =
      parse_response(response.status, response.header("apns-id").value_or(""), response.body);

  // Both say that this connection is at its end and the push was not taken: another one will do.
  const bool connection_ends =
      parsed.reason == Reason::shutdown || parsed.reason == Reason::idle_timeout;
  if (connection_ends) connection.drain();
  if (connection_ends && pending.attempts < options.attempts_max && !stop_by) {
    figures.resubmitted_refused.add();
    return table.take_back_lost(pending);
  }
  answer(pending, std::move(parsed));
}

void Client::State::on_no_answer(Connection& connection, std::uint32_t id,
                                 http::StreamFailure failure) {
  PendingPush& pending = table.at(id);
  ensure(pending.connection == &connection, "a connection loses only pushes that it was given");
  switch (failure) {
    case http::StreamFailure::refused:
      return refused(pending, connection.refused_by_goaway());
    case http::StreamFailure::reset:
      return send_again_or_fail(pending, figures.resubmitted_reset, "stream reset");
    case http::StreamFailure::lost:
      return send_again_or_fail(pending, figures.resubmitted_lost, "connection lost");
  }
}

void Client::State::refused(PendingPush& pending, bool by_goaway) {
  if (stop_by) return fail(pending, "stopping");
  if (by_goaway) {
    figures.resubmitted_goaway.add();
    table.take_back_unsent(pending);
    return;
  }
  figures.resubmitted_refused.add();
  if (pending.refusals + 1 < refusals_at_once) {
    table.take_back_refused(pending);
  } else {
    table.hold_refused(pending, clock.steady_now());
  }
}

void Client::State::send_again_or_fail(PendingPush& pending, Figure& figure, const char* why) {
  if (stop_by) return fail(pending, "stopping");
  if (pending.attempts >= options.attempts_max) return fail(pending, why);
  figure.add();
  table.take_back_lost(pending);
}

void Client::State::answer(PendingPush& pending, Response response) {
  PushOutcome outcome;
  outcome.attempts = pending.attempts;
  outcome.latency = std::chrono::duration_cast<std::chrono::microseconds>(
      pending.connection->now() - pending.submitted_at);
  outcome.ticket = table.remove(pending).ticket;
  figures.note_latency(outcome.latency);
  (judge(response) == Verdict::accepted ? figures.accepted : figures.rejected).add();
  outcome.response = std::move(response);
  deliver(std::move(outcome));
}

void Client::State::fail(PendingPush& pending, std::string why) {
  PushOutcome outcome;
  outcome.failure = std::move(why);
  give_up(pending, std::move(outcome));
}

void Client::State::fail_as_other_topic(PendingPush& pending) {
  PushOutcome outcome;
  outcome.failure = "no push certificate for topic " + pending.push.topic;
  outcome.is_of_other_topic = true;
  give_up(pending, std::move(outcome));
}

void Client::State::give_up(PendingPush& pending, PushOutcome outcome) {
  outcome.attempts = pending.attempts;
  outcome.latency = std::chrono::duration_cast<std::chrono::microseconds>(clock.steady_now() -
                                                                          pending.submitted_at);
  outcome.ticket = table.remove(pending).ticket;
  figures.failed.add();
  deliver(std::move(outcome));
}

void Client::State::fail_waiting(const std::string& why) {
  table.release_held(Clock::SteadyTime::max());
  while (PendingPush* pending = table.first_waiting()) fail(*pending, why);
}

}  // namespace reveille::apns
