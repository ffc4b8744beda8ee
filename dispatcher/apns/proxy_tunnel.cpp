#include "dispatcher/apns/proxy_tunnel.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace reveille::apns {
namespace {

namespace asio = boost::asio;

constexpr std::size_t head_bytes_max = 8 * 1024;
constexpr std::string_view end_of_head = "\r\n\r\n";

}  // namespace

std::string tunnel_request(const std::string& host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  const std::string authority = (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  return "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
}

std::optional<Result<void>> judge_tunnel_answer(std::string_view head) {
  const std::size_t end = head.find(end_of_head);
  if (end == std::string_view::npos) {
    if (head.size() < head_bytes_max) return std::nullopt;
    return failure(ErrorCode::unavailable, "the proxy's answer has no end");
  }
  const std::string_view status_line = head.substr(0, head.find("\r\n"));
  const bool is_http = status_line.starts_with("HTTP/1.") && status_line.size() >= 12;
  if (!is_http || status_line[8] != ' ' || status_line[9] != '2') {
    return failure(ErrorCode::unavailable,
                   "the proxy answers " + std::string(status_line.substr(0, 100)));
  }
  // A TLS server waits for the client's first word: bytes after the head would not be its.
  if (end + end_of_head.size() != head.size()) {
    return failure(ErrorCode::unavailable, "the proxy says more than its answer");
  }
  return Result<void>{};
}

asio::awaitable<Result<void>> open_tunnel(asio::ip::tcp::socket& socket, std::string host,
                                          std::uint16_t port) {
  const std::string request = tunnel_request(host, port);
  boost::system::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await asio::async_write(socket, asio::buffer(request), token);
  std::string head;
  std::string buffer(1024, '\0');
  while (!error) {
    const std::size_t count = co_await socket.async_read_some(asio::buffer(buffer), token);
    head.append(buffer, 0, count);
    std::optional<Result<void>> verdict = judge_tunnel_answer(head);
    if (verdict) co_return *std::move(verdict);
  }
  co_return failure(ErrorCode::unavailable, "the proxy: " + error.message());
}

}  // namespace reveille::apns
