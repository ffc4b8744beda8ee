#include "tools/simulators/apns/server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include "protocol/http/http2_server_session.h"

namespace reveille::simulators::apns {

namespace asio = boost::asio;
using reveille::apns::Reason;
using Session = http::Http2ServerSession;

namespace {

constexpr std::size_t apns_ids_max = 2'000'000;
constexpr std::uint32_t refused_stream = 7;  // RFC 9113 section 7
constexpr std::uint32_t internal_error = 2;
constexpr auto patience = std::chrono::hours(24);

std::int64_t wall_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

http::Response answer_of(const http::Request& request, const Decision& decision) {
  http::Response response;
  response.status = reveille::apns::status_of(decision.reason);
  if (const auto id = request.header("apns-id")) {
    response.headers.push_back({"apns-id", std::string(*id)});
  }
  if (decision.reason != Reason::none) {
    boost::json::object body{{"reason", reveille::apns::name_of(decision.reason)}};
    if (response.status == 410) {
      body["timestamp"] = decision.unregistered_at_milliseconds.value_or(wall_milliseconds());
    }
    response.headers.push_back({"content-type", "application/json; charset=utf-8"});
    response.body = boost::json::serialize(body);
  }
  return response;
}

}  // namespace

// Lives until its two coroutines have ended: they share it.
class Server::Connection final : public Session::Events,
                                 public std::enable_shared_from_this<Connection> {
 public:
  Connection(Server& server, std::unique_ptr<http::Stream> stream, std::uint64_t number)
      : server_(server),
        stream_(std::move(stream)),
        session_(*this, limits_of(server.options_)),
        misbehaviour_(server.options_.misbehaviour, number),
        more_(server.lane_) {
    more_.expires_at(std::chrono::steady_clock::time_point::max());
  }

  asio::awaitable<void> serve() {
    const auto self = shared_from_this();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    Result<void> shaken = co_await stream_->handshake(deadline);
    if (!shaken || stream_->protocol() != "h2") {
      ++server_.report_.handshakes_failed;
      stream_->close();
      co_return;
    }
    topic_ = server_.options_.assumed_topic;
    if (const auto certificate = stream_->peer_certificate()) topic_ = certificate->user_id();
    ++server_.report_.connections;
    ++server_.report_.connections_open;
    asio::co_spawn(server_.lane_, write_loop(self), asio::detached);
    co_await read_loop();
    --server_.report_.connections_open;
    over_ = true;
    stream_->close();
    more_.cancel();
  }

  void on_request(Session::StreamId stream, http::Request request) override {
    ++server_.report_.requests;
    ++streams_;
    const auto goaway_after = server_.options_.misbehaviour.goaway_after;
    if (goaway_after != 0 && streams_ == goaway_after) say_goodbye();
    switch (misbehaviour_.fate()) {
      case Fate::answer:
        answer(stream, std::move(request));
        return;
      case Fate::refuse:
        ++server_.report_.refused;
        session_.reset(stream, refused_stream);
        return;
      case Fate::reset:
        ++server_.report_.reset;
        session_.reset(stream, internal_error);
        return;
      case Fate::stall:
        ++server_.report_.stalled;
        return;
      case Fate::cut:
        ++server_.report_.cut;
        over_ = true;
        stream_->close();
        return;
    }
  }

  void on_stream_closed(Session::StreamId, bool) override {}

 private:
  static http::Http2ServerLimits limits_of(const ServerOptions& options) {
    http::Http2ServerLimits limits;
    limits.concurrent_streams_max = options.streams_max;
    limits.header_list_bytes_max = 8'000;  // seen in production: apns-practice.md section 2
    limits.body_bytes_max = 8'192;         // above 4,096 we want to answer ourselves
    return limits;
  }

  void say_goodbye() {
    ++server_.report_.goaways_sent;
    session_.go_away(0, R"({"reason":"Shutdown"})");
  }

  void answer(Session::StreamId stream, http::Request request) {
    const auto arrived = std::chrono::steady_clock::now();
    Decision decision = decide(request, topic_, server_.tokens_);
    if (!decision.broken_rule.empty()) ++server_.report_.broken_rules[decision.broken_rule];
    if (decision.reason == Reason::none) decision.reason = misbehaviour_.forced_reason();
    http::Response response = answer_of(request, decision);
    if (decision.reason == Reason::none) {
      const auto id = request.header("apns-id");
      if (id && server_.seen_before(std::string(*id))) ++server_.report_.doubles;
    }
    const auto delay = misbehaviour_.delay();
    if (delay.count() == 0) {
      give(stream, std::move(response), decision, arrived);
      return;
    }
    auto timer = std::make_shared<asio::steady_timer>(server_.lane_, delay);
    auto later = [self = shared_from_this(), timer, stream, arrived, response = std::move(response),
                  decision = std::move(decision)](boost::system::error_code error) mutable {
      if (error || self->over_) return;
      self->give(stream, std::move(response), decision, arrived);
      self->more_.cancel();
    };
    timer->async_wait(std::move(later));
  }

  void give(Session::StreamId stream, http::Response response, const Decision& decision,
            std::chrono::steady_clock::time_point arrived) {
    if (decision.reason == Reason::none) {
      ++server_.report_.accepted;
      if (server_.subscribers_) server_.subscribers_->tell(decision.push);
    } else {
      ++server_.report_.by_reason[reveille::apns::name_of(decision.reason)];
    }
    const auto taken = std::chrono::steady_clock::now() - arrived;
    server_.report_.time_to_answer.add(
        std::chrono::duration_cast<std::chrono::microseconds>(taken));
    session_.respond(stream, std::move(response));
  }

  asio::awaitable<void> read_loop() {
    std::string buffer(64 * 1024, '\0');
    while (!over_) {
      const auto deadline = std::chrono::steady_clock::now() + patience;
      Result<std::size_t> count = co_await stream_->read_some(buffer, deadline);
      if (!count || *count == 0) co_return;
      const Result<void> received = session_.receive(BytesView(buffer).substr(0, *count));
      more_.cancel();
      if (!received) co_return;
    }
  }

  asio::awaitable<void> write_loop(std::shared_ptr<Connection> /*self*/) {
    Bytes output;
    while (!over_) {
      output.clear();
      session_.produce(output, 16 * 1024);
      if (output.empty()) {
        if (session_.finished()) break;
        boost::system::error_code ignored;
        co_await more_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        continue;
      }
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
      Result<void> written = co_await stream_->write(output, deadline);
      if (!written) break;
    }
    over_ = true;
    stream_->close();
  }

  Server& server_;
  std::unique_ptr<http::Stream> stream_;
  Session session_;
  Misbehaviour misbehaviour_;
  asio::steady_timer more_;  // cancelled when the session may have something to write
  std::optional<std::string> topic_;
  std::uint64_t streams_ = 0;
  bool over_ = false;
};

Result<std::unique_ptr<Server>> Server::open(asio::io_context& lane, const ServerOptions& options,
                                             http::TlsContext tls) {
  std::unique_ptr<Server> server(new Server(lane, options, std::move(tls)));
  try {
    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(options.address), options.port);
    server->acceptor_.open(endpoint.protocol());
    server->acceptor_.set_option(asio::socket_base::reuse_address(true));
    server->acceptor_.bind(endpoint);
    server->acceptor_.listen();
  } catch (const std::exception& error) {
    return failure(ErrorCode::unavailable,
                   options.address + ":" + std::to_string(options.port) + ": " + error.what());
  }
  if (options.notify_socket) {
    auto subscribers = Subscribers::listen(lane, *options.notify_socket, server->tokens_);
    if (!subscribers) return std::unexpected(subscribers.error());
    server->subscribers_ = *std::move(subscribers);
  }
  asio::co_spawn(lane, server->accept(), asio::detached);
  return server;
}

Server::Server(asio::io_context& lane, const ServerOptions& options, http::TlsContext tls)
    : lane_(lane), options_(options), tls_(std::move(tls)), acceptor_(lane) {}

Server::~Server() = default;

std::uint16_t Server::port() const { return acceptor_.local_endpoint().port(); }

asio::awaitable<void> Server::accept() {
  for (std::uint64_t number = 0;; ++number) {
    boost::system::error_code error;
    asio::ip::tcp::socket socket =
        co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) continue;
    socket.set_option(asio::ip::tcp::no_delay(true), error);
    auto stream = http::Stream::tls_server(std::move(socket), tls_);
    auto connection = std::make_shared<Connection>(*this, std::move(stream), number);
    asio::co_spawn(lane_, connection->serve(), asio::detached);
  }
}

bool Server::seen_before(const std::string& apns_id) {
  if (apns_ids_.size() >= apns_ids_max) apns_ids_.clear();
  return !apns_ids_.insert(apns_id).second;
}

}  // namespace reveille::simulators::apns
