#include "dispatcher/http/dial.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>
#include <vector>

namespace reveille::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Whatever comes first of the outcome and the deadline ends the wait. getaddrinfo cannot be
// interrupted: a late answer finds nobody waiting.
struct Dialling {
  Dialling(const asio::any_io_executor& executor, Stream::Deadline deadline)
      : resolver(executor), socket(executor), over(executor, deadline) {}

  tcp::resolver resolver;
  tcp::socket socket;
  asio::steady_timer over;
  std::optional<boost::system::error_code> outcome;
  std::vector<tcp::endpoint> endpoints;
};

}  // namespace

asio::awaitable<Result<std::unique_ptr<Stream>>> dial(const DialTarget& target,
                                                      Stream::Deadline deadline) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  // shared_ptr: the handlers below may outlive this coroutine, when the deadline passes first.
  const auto dialling = std::make_shared<Dialling>(executor, deadline);
  const auto done = [dialling](const boost::system::error_code& error) {
    dialling->outcome = error;
    dialling->over.cancel();
  };
  dialling->resolver.async_resolve(
      target.host, std::to_string(target.port),
      [dialling, done](const boost::system::error_code& error, tcp::resolver::results_type found) {
        if (error) return done(error);
        for (const auto& entry : found) dialling->endpoints.push_back(entry.endpoint());
        asio::async_connect(dialling->socket, dialling->endpoints,
                            [done](const boost::system::error_code& failed, const tcp::endpoint&) {
                              done(failed);
                            });
      });
  boost::system::error_code ignored;
  co_await dialling->over.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!dialling->outcome) {
    dialling->resolver.cancel();
    dialling->socket.close(ignored);
    co_return failure(ErrorCode::unavailable, target.host + ": connecting took too long");
  }
  if (*dialling->outcome) {
    co_return failure(ErrorCode::unavailable, target.host + ": " + dialling->outcome->message());
  }
  dialling->socket.set_option(tcp::no_delay(true), ignored);
  std::unique_ptr<Stream> stream;
  if (target.tls) {
    stream = Stream::tls_client(std::move(dialling->socket), *target.tls, target.host);
  } else {
    stream = Stream::over(std::move(dialling->socket));
  }
  Result<void> shaken = co_await stream->handshake(deadline);
  if (!shaken) co_return std::unexpected(std::move(shaken.error()));
  co_return std::move(stream);
}

}  // namespace reveille::http
