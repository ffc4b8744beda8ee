#include "dispatcher/apns/dial.h"

#include <netinet/tcp.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "dispatcher/apns/proxy_tunnel.h"
#include "dispatcher/apns/socket_deadline.h"

namespace reveille::apns {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Deadline = http::Stream::Deadline;
using std::chrono::steady_clock;

constexpr std::size_t addresses_max = 6;
// How long the kernel may keep unacknowledged bytes: a second net below PING.
constexpr unsigned user_timeout_milliseconds = 30'000;

// getaddrinfo cannot be interrupted: when the deadline passes, its answer is left to itself.
asio::awaitable<Result<std::vector<asio::ip::address>>> resolve(asio::io_context& lane,
                                                                const std::string& host,
                                                                Deadline deadline) {
  boost::system::error_code not_an_address;
  const asio::ip::address literal = asio::ip::make_address(host, not_an_address);
  if (!not_an_address) co_return std::vector<asio::ip::address>{literal};

  struct Lookup {
    Lookup(asio::io_context& context, Deadline until) : resolver(context), answered(context, until) {}
    tcp::resolver resolver;
    asio::steady_timer answered;
    std::optional<boost::system::error_code> error;
    std::vector<asio::ip::address> found;
  };
  auto lookup = std::make_shared<Lookup>(lane, deadline);
  lookup->resolver.async_resolve(
      host, "", [lookup](boost::system::error_code error, tcp::resolver::results_type results) {
        lookup->error = error;
        for (const auto& entry : results) lookup->found.push_back(entry.endpoint().address());
        lookup->answered.cancel();
      });
  boost::system::error_code ignored;
  co_await lookup->answered.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!lookup->error) co_return failure(ErrorCode::unavailable, host + ": DNS took too long");
  if (*lookup->error) {
    co_return failure(ErrorCode::unavailable, host + ": " + lookup->error->message());
  }
  co_return std::move(lookup->found);
}

asio::awaitable<Result<std::unique_ptr<http::Stream>>> connect(asio::io_context& lane,
                                                               tcp::endpoint endpoint,
                                                               const DialTarget& target,
                                                               Deadline deadline) {
  tcp::socket socket(lane);
  {
    const SocketDeadline timer(socket, deadline);
    boost::system::error_code error;
    co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
    if (timer.passed()) co_return failure(ErrorCode::unavailable, "connecting took too long");
    if (error) co_return failure(ErrorCode::unavailable, error.message());
    if (!target.proxy_host.empty()) {
      Result<void> tunnel = co_await open_tunnel(socket, target.host, target.port);
      if (timer.passed()) co_return failure(ErrorCode::unavailable, "the proxy took too long");
      if (!tunnel) co_return std::unexpected(std::move(tunnel.error()));
    }
  }
  using UserTimeout = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_USER_TIMEOUT>;
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(UserTimeout(user_timeout_milliseconds), ignored);

  auto stream = http::Stream::tls_client(std::move(socket), target.tls, target.host);
  Result<void> shaken = co_await stream->handshake(deadline);
  if (!shaken) co_return std::unexpected(std::move(shaken.error()));
  if (stream->protocol() != "h2") {
    stream->close();
    co_return failure(ErrorCode::unavailable, "the peer does not speak HTTP/2");
  }
  co_return std::move(stream);
}

}  // namespace

asio::awaitable<Result<Dialled>> dial(asio::io_context& lane, AddressBook& addresses,
                                      DialLimit& limit, DialTarget target) {
  const std::string& host = target.proxy_host.empty() ? target.host : target.proxy_host;
  auto resolved = co_await resolve(lane, host, target.deadline);
  if (!resolved) co_return std::unexpected(std::move(resolved.error()));
  std::vector<asio::ip::address> candidates =
      addresses.order(*std::move(resolved), target.in_use, target.seed, steady_clock::now());
  if (candidates.empty())
    co_return failure(ErrorCode::unavailable, host + ": DNS knows no address");
  if (candidates.size() > addresses_max) candidates.resize(addresses_max);
  co_return co_await dial_one_of(lane, std::move(candidates), addresses, limit, std::move(target));
}

asio::awaitable<Result<Dialled>> dial_one_of(asio::io_context& lane,
                                             std::vector<asio::ip::address> candidates,
                                             AddressBook& addresses, DialLimit& limit,
                                             DialTarget target) {
  const std::uint16_t port = target.proxy_host.empty() ? target.port : target.proxy_port;
  Error last{ErrorCode::unavailable, "no more connections are allowed for a minute"};
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto now = steady_clock::now();
    if (now >= target.deadline || now < limit.next_allowed(now)) break;
    limit.count(now);
    const bool is_last = i + 1 == candidates.size();
    const Deadline deadline = is_last ? target.deadline : now + (target.deadline - now) / 2;
    const tcp::endpoint endpoint(candidates[i], port);
    auto connected = co_await connect(lane, endpoint, target, deadline);
    if (connected) {
      addresses.note_success(candidates[i]);
      co_return Dialled{*std::move(connected), candidates[i]};
    }
    last = std::move(connected.error());
    last.detail = candidates[i].to_string() + " port " + std::to_string(port) + ": " + last.detail;
    if (last.code == ErrorCode::unauthorised) break;
    addresses.note_failure(candidates[i], steady_clock::now());
  }
  co_return std::unexpected(std::move(last));
}

bool refuses_certificate(const Error& error) {
  if (error.code != ErrorCode::unauthorised) return false;
  // OpenSSL's words for RFC 8446 section 6.2: "sslv3 alert certificate expired", ... What we
  // ourselves find wrong with the peer's certificate is no alert.
  const std::string& text = error.detail;
  if (text.find(" alert ") == std::string::npos) return false;
  return text.find("certificate") != std::string::npos ||
         text.find("unknown ca") != std::string::npos ||
         text.find("access denied") != std::string::npos;
}

}  // namespace reveille::apns
