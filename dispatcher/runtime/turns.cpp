#include "dispatcher/runtime/turns.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>

namespace reveille {

namespace asio = boost::asio;

struct Turns::Waiting {
  Waiting(const asio::any_io_executor& lane, const HasLeft& its_peer_has_left)
      : turn(lane, asio::steady_timer::time_point::max()), has_left(its_peer_has_left) {}

  asio::steady_timer turn;  // cancelled when it has come
  const HasLeft& has_left;
  bool left = false;
};

struct Turns::State : std::enable_shared_from_this<State> {
  std::size_t a_round = 0;
  std::size_t waiting_max = 0;
  std::deque<Waiting*> waiting;   // in their coroutines' frames, the newest last
  std::size_t taken = 0;          // turns of this round

  void take(const asio::any_io_executor& lane);
  void end_round();
};

Turns::Turns(std::size_t a_round, std::size_t waiting_max) : state_(std::make_shared<State>()) {
  state_->a_round = a_round;
  state_->waiting_max = waiting_max;
}

std::size_t Turns::waiting() const { return state_->waiting.size(); }

asio::awaitable<Result<void>> Turns::wait(const HasLeft& has_left) {
  const asio::any_io_executor lane = co_await asio::this_coro::executor;
  State& state = *state_;
  if (state.taken < state.a_round) {
    state.take(lane);
    co_return Result<void>();
  }
  if (state.waiting.size() >= state.waiting_max) {
    co_return failure(ErrorCode::overloaded, "too many wait for their turn");
  }
  Waiting waiting(lane, has_left);
  state.waiting.push_back(&waiting);
  boost::system::error_code cancelled;
  co_await waiting.turn.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  if (waiting.left) co_return failure(ErrorCode::not_found, "the peer has left meanwhile");
  co_return Result<void>();
}

// The first one posts the round's end: behind all that is ready now, and the lane looks at its
// sockets before.
void Turns::State::take(const asio::any_io_executor& lane) {
  if (taken++ > 0) return;
  asio::post(lane, [self = shared_from_this()] { self->end_round(); });
}

void Turns::State::end_round() {
  taken = 0;
  while (!waiting.empty() && taken < a_round) {
    Waiting& next = *waiting.back();
    waiting.pop_back();
    next.left = next.has_left && next.has_left();
    if (!next.left) take(next.turn.get_executor());
    next.turn.cancel();
  }
  // The oldest may go also when their turn never comes.
  while (!waiting.empty() && waiting.front()->has_left && waiting.front()->has_left()) {
    Waiting& oldest = *waiting.front();
    waiting.pop_front();
    oldest.left = true;
    oldest.turn.cancel();
  }
}

}  // namespace reveille
