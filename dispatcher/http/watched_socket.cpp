#include "dispatcher/http/watched_socket.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <utility>

namespace reveille::http {
namespace {

namespace asio = boost::asio;

// Of 16 KiB each: half a mebibyte of one peer before the others are looked at again.
constexpr unsigned ready_in_a_row_max = 32;

}  // namespace

struct WatchedSocket::State : std::enable_shared_from_this<State> {
  explicit State(Socket connected) : socket(std::move(connected)), timer(socket.get_executor()) {}

  struct Wait {
    Deadline deadline;
    bool pending = false;
    bool timed_out = false;
  };

  Socket socket;
  asio::steady_timer timer;
  Deadline armed_for = Deadline::max();
  std::array<Wait, 2> waits;

  Wait& of(Operation operation) { return waits[static_cast<std::size_t>(operation)]; }

  void arm(Deadline deadline) {
    armed_for = deadline;
    timer.expires_at(deadline);
    timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
      if (error) return;
      if (const std::shared_ptr<State> state = weak.lock()) state->on_timer();
    });
  }

  // Fires at the deadline of a wait that may have ended long ago.
  void on_timer() {
    armed_for = Deadline::max();
    if (!socket.is_open()) return;
    const Deadline now = std::chrono::steady_clock::now();
    Deadline next = Deadline::max();
    bool expired = false;
    for (Wait& wait : waits) {
      if (!wait.pending) continue;
      if (wait.deadline <= now) {
        wait.timed_out = true;
        expired = true;
      } else {
        next = std::min(next, wait.deadline);
      }
    }
    if (next != Deadline::max()) arm(next);
    // Also ends the wait whose time has not come: it sees that and waits again.
    boost::system::error_code ignored;
    if (expired) socket.cancel(ignored);
  }

  void close() {
    boost::system::error_code ignored;
    socket.close(ignored);
    timer.cancel();
  }
};

WatchedSocket::WatchedSocket(Socket socket) : state_(std::make_shared<State>(std::move(socket))) {
  boost::system::error_code ignored;
  state_->socket.native_non_blocking(true, ignored);
}

WatchedSocket::~WatchedSocket() { close(); }

int WatchedSocket::descriptor() const { return state_->socket.native_handle(); }

bool WatchedSocket::is_open() const { return state_->socket.is_open(); }

bool WatchedSocket::peer_has_left() const {
  if (!is_open()) return true;
  pollfd asked{.fd = descriptor(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&asked, 1, 0) > 0;
}

asio::awaitable<Result<void>> WatchedSocket::wait(Readiness readiness, Operation operation,
                                                  Deadline deadline) {
  ready_in_a_row_ = 0;
  const std::shared_ptr<State> state = state_;  // our owner may go while we wait
  State::Wait& wait = state->of(operation);
  for (;;) {
    if (!state->socket.is_open()) {
      co_return failure(ErrorCode::unavailable, "the connection was closed here");
    }
    wait = State::Wait{.deadline = deadline, .pending = true};
    if (deadline < state->armed_for) state->arm(deadline);
    boost::system::error_code error;
    co_await state->socket.async_wait(readiness, asio::redirect_error(asio::use_awaitable, error));
    wait.pending = false;
    if (!error) co_return Result<void>{};
    if (error != asio::error::operation_aborted) {
      co_return failure(ErrorCode::unavailable, error.message());
    }
    if (wait.timed_out) co_return failure(ErrorCode::unavailable, "the peer took too long");
    const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) {
      co_return failure(ErrorCode::unavailable, "the wait was cancelled");
    }
  }
}

bool WatchedSocket::owes_a_turn() { return ++ready_in_a_row_ > ready_in_a_row_max; }

asio::awaitable<void> WatchedSocket::give_turn() {
  ready_in_a_row_ = 0;
  co_await asio::post(state_->socket.get_executor(), asio::use_awaitable);
}

void WatchedSocket::end_writing() {
  boost::system::error_code ignored;
  state_->socket.shutdown(Socket::shutdown_send, ignored);
}

void WatchedSocket::close() { state_->close(); }

}  // namespace reveille::http
