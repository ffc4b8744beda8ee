#include "dispatcher/apns/client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "dispatcher/apns/client_state.h"

namespace reveille::apns {
namespace {

namespace asio = boost::asio;

constexpr std::size_t uuid_characters_kept = 24;

}  // namespace

Client::State::State(asio::io_context& lane_of, const ClientOptions& chosen, const Clock& clock_of,
                     RandomSource& random_of, Log& log_of, Deliver deliver_to)
    : queues{BoundedQueue<SubmittedPush>(chosen.urgent_queue_capacity),
             BoundedQueue<SubmittedPush>(chosen.queue_capacity)},
      lane(lane_of),
      options(chosen),
      clock(clock_of),
      random(random_of),
      log(log_of),
      deliver(std::move(deliver_to)),
      apns_id_prefix(random.uuid().substr(0, uuid_characters_kept)),
      count(options.connections_max, options.grow_after, options.shrink_after),
      backoff(options.backoff_first, options.backoff_max),
      dial_limit(options.dials_per_minute_max),
      next_dial_at(clock.steady_now()),
      timer(lane) {}

void Client::State::post_turn() {
  if (turn_posted.exchange(true, std::memory_order_acq_rel)) return;
  asio::post(lane, [state = shared_from_this()] {
    state->turn_posted.store(false, std::memory_order_release);
    if (!state->gone) state->run_turn();
  });
}

Client::Client(asio::io_context& lane, const ClientOptions& options, const Clock& clock,
               RandomSource& random, Log& log, Deliver deliver)
    : state_(std::make_shared<State>(lane, options, clock, random, log, std::move(deliver))) {
  asio::co_spawn(lane, state_->keep_time(state_), asio::detached);
}

Client::~Client() {
  state_->gone = true;
  state_->timer.cancel();
  const auto connections = std::exchange(state_->connections, {});
  for (const auto& connection : connections) connection->leave();
}

bool Client::submit(Push& push) {
  State& state = *state_;
  if (!state.takes_pushes.load(std::memory_order_acquire)) return false;
  BoundedQueue<SubmittedPush>& queue = state.queues[index_of(push.urgency)];
  // The lane empties the queue even while nothing can be sent: what waits there counts as well.
  const Figure& waiting = state.figures.waiting[index_of(push.urgency)];
  if (queue.size() + waiting.get() >= queue.capacity()) return false;
  SubmittedPush submitted{std::move(push), state.clock.steady_now()};
  switch (queue.try_push(std::move(submitted))) {
    case BoundedQueue<SubmittedPush>::Pushed::full:
      push = std::move(submitted.push);
      return false;
    case BoundedQueue<SubmittedPush>::Pushed::first:
      state.post_turn();
      return true;
    case BoundedQueue<SubmittedPush>::Pushed::behind:
      return true;
  }
  return false;
}

void Client::set_certificate(pki::PushCertificate certificate) {
  state_->certificates_on_their_way.fetch_add(1, std::memory_order_acq_rel);
  asio::post(state_->lane, [state = state_, certificate = std::move(certificate)] {
    state->certificates_on_their_way.fetch_sub(1, std::memory_order_acq_rel);
    if (!state->gone) state->use_certificate(certificate);
  });
}

void Client::stop(std::chrono::milliseconds deadline, std::move_only_function<void()> done) {
  state_->takes_pushes.store(false, std::memory_order_release);
  asio::post(state_->lane, [state = state_, deadline, done = std::move(done)]() mutable {
    if (!state->gone) state->begin_stop(deadline, std::move(done));
  });
}

Client::Statistics Client::statistics() const {
  return state_->figures.read(state_->handed_over());
}

}  // namespace reveille::apns
