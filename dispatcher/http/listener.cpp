#include "dispatcher/http/listener.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

#include "dispatcher/http/acceptor.h"
#include "dispatcher/http/http1_connection.h"
#include "dispatcher/http/http2_connection.h"
#include "dispatcher/http/listener_state.h"

namespace reveille::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::steady_clock;

// Out of descriptors or memory: connections wait in the kernel's queue until some close.
constexpr std::chrono::milliseconds accept_pause{100};

using SharedState = std::shared_ptr<ListenerState>;

// Before the protocol is known.
class Handshaking final : public Connection {
 public:
  Handshaking(ListenerState& state, Stream& stream)
      : stream_(stream), registration_(state, *this) {}
  void drain() override { stream_.close(); }
  void close() override { stream_.close(); }

 private:
  Stream& stream_;
  const Registration registration_;
};

class OpenConnection {
 public:
  explicit OpenConnection(ListenerCounters& counters) : counters_(counters) {
    count(counters_.connections);
  }
  ~OpenConnection() { counters_.connections.fetch_sub(1, std::memory_order_relaxed); }
  OpenConnection(const OpenConnection&) = delete;
  OpenConnection& operator=(const OpenConnection&) = delete;

 private:
  ListenerCounters& counters_;
};

asio::awaitable<bool> shake_hands(ListenerState& state, Stream& stream) {
  const Handshaking handshaking(state, stream);
  const auto deadline = steady_clock::now() + state.options.handshake_timeout;
  Result<void> shaken;
  if (state.options.proxy_protocol_from.contains(stream.peer_address())) {
    shaken = co_await stream.read_proxy_header(deadline);
  }
  if (shaken) shaken = co_await stream.await_handshake(deadline);
  if (shaken && state.options.tls) {
    const HasLeft has_left = [&stream, deadline] {
      return steady_clock::now() >= deadline || stream.peer_has_left();
    };
    shaken = co_await state.handshakes.wait(has_left);
  }
  if (shaken) shaken = co_await stream.handshake(deadline);
  if (shaken) co_return true;
  count(state.counters.handshakes_failed);
  const std::string peer = stream.peer_address();
  state.log.debug("handshake failed", {{"peer", peer}, {"reason", shaken.error().detail}});
  co_return false;
}

asio::awaitable<void> serve(SharedState state, std::unique_ptr<Stream> stream) {
  const OpenConnection open(state->counters);
  const std::string connected_from = stream->peer_address();
  const bool shaken = co_await shake_hands(*state, *stream);
  if (!shaken || state->draining) co_return;
  Peer peer{.address = stream->peer_address(),
            .certificate = stream->peer_certificate(),
            .user_id = stream->peer_user_id(),
            .has_left = [&connected = *stream] { return connected.peer_has_left(); }};
  if (!state->options.tls && peer.address != connected_from) peer.relay = connected_from;
  if (stream->protocol() == "h2") {
    co_await serve_http2(state, std::move(stream), std::move(peer));
  } else {
    co_await serve_http1(*state, *stream, peer);
  }
}

void start_serving(const SharedState& state, std::unique_ptr<Stream> stream) {
  const std::string address = stream->peer_address();
  asio::co_spawn(state->lane, serve(state, std::move(stream)),
                 [state, address](const std::exception_ptr& exception) {
                   if (exception) log_exception(state->log, address, exception);
                 });
}

bool is_shortage(const error_code& error) {
  return error == asio::error::no_descriptors || error == asio::error::no_memory ||
         error == asio::error::no_buffer_space ||
         error == boost::system::errc::too_many_files_open ||
         error == boost::system::errc::too_many_files_open_in_system;
}

bool may_connect(const ListenerOptions& options, const Stream& stream) {
  return !options.admitted || options.admitted->contains(stream.peer_address());
}

asio::awaitable<void> pause(asio::io_context& lane) {
  asio::steady_timer timer(lane, accept_pause);
  error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

// The acceptor is shared with the listener, which may go while an accept is pending.
asio::awaitable<void> accept_connections(SharedState state, std::shared_ptr<Acceptor> acceptor) {
  bool short_of_resources = false;
  while (!state->draining) {
    error_code error;
    std::unique_ptr<Stream> stream = co_await acceptor->accept(state->options.tls, error);
    if (state->draining) break;
    if (is_shortage(error)) {
      if (!std::exchange(short_of_resources, true)) {
        state->log.warning("connections cannot be accepted", {{"reason", error.message()}});
      }
      co_await pause(state->lane);
      continue;
    }
    if (error) continue;  // this one peer has gone already
    short_of_resources = false;
    count(state->counters.accepted);
    if (!may_connect(state->options, *stream) ||
        state->connections.size() >= state->options.connections_max) {
      count(state->counters.refused);
      continue;
    }
    start_serving(state, std::move(stream));
  }
}

class LaneListener final : public Listener {
 public:
  LaneListener(SharedState state, std::unique_ptr<Acceptor> acceptor)
      : state_(std::move(state)), acceptor_(std::move(acceptor)), port_(acceptor_->port()) {
    asio::co_spawn(state_->lane, accept_connections(state_, acceptor_),
                   [state = state_](const std::exception_ptr& exception) {
                     if (exception) log_exception(state->log, "", exception);
                   });
  }

  ~LaneListener() override {
    state_->draining = true;
    acceptor_->close();
    for (Connection* connection : connections()) connection->close();
  }

  std::uint16_t port() const override { return port_; }

  void replace_tls(TlsContext context) override { state_->options.tls = std::move(context); }

  void drain() override {
    state_->draining = true;
    acceptor_->close();
    for (Connection* connection : connections()) connection->drain();
  }

  Statistics statistics() const override {
    const ListenerCounters& counters = state_->counters;
    return {.connections = counters.connections.load(std::memory_order_relaxed),
            .accepted = counters.accepted.load(std::memory_order_relaxed),
            .refused = counters.refused.load(std::memory_order_relaxed),
            .handshakes_failed = counters.handshakes_failed.load(std::memory_order_relaxed),
            .requests = counters.requests.load(std::memory_order_relaxed),
            .requests_malformed = counters.requests_malformed.load(std::memory_order_relaxed)};
  }

 private:
  // A copy: draining may end some of them, which leave the set.
  std::vector<Connection*> connections() const {
    return {state_->connections.begin(), state_->connections.end()};
  }

  const SharedState state_;
  const std::shared_ptr<Acceptor> acceptor_;
  const std::uint16_t port_;
};

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(asio::io_context& lane,
                                                 const ListenerOptions& options, Handler& handler,
                                                 Log& log) {
  Result<std::unique_ptr<Acceptor>> acceptor = Acceptor::open(lane, options);
  if (!acceptor) return std::unexpected(std::move(acceptor.error()));
  auto state = std::make_shared<ListenerState>(lane, options, handler, log);
  return std::make_unique<LaneListener>(std::move(state), *std::move(acceptor));
}

}  // namespace reveille::http
