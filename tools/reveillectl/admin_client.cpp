#include "tools/reveillectl/admin_client.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <utility>

namespace reveille {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

// Longer than the daemon waits for APNs.
constexpr std::chrono::seconds answer_timeout{700};
constexpr std::uint64_t answer_bytes_max = 256u << 20;

using Socket = beast::basic_stream<asio::local::stream_protocol>;
using Message = beast::http::request<beast::http::string_body>;
using Parser = beast::http::response_parser<beast::http::string_body>;

asio::awaitable<void> exchange(const std::string& path, const Message& message, Parser& parser,
                               boost::system::error_code& error) {
  Socket socket(co_await asio::this_coro::executor);
  socket.expires_after(answer_timeout);
  const asio::local::stream_protocol::endpoint endpoint(path);
  co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return;
  co_await beast::http::async_write(socket, message,
                                    asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return;
  beast::flat_buffer buffer;
  co_await beast::http::async_read(socket, buffer, parser,
                                   asio::redirect_error(asio::use_awaitable, error));
}

std::string unreachable(const std::string& path, const boost::system::error_code& error) {
  if (error == boost::system::errc::permission_denied) {
    return "may not use " + path + ": run as root or as the daemon's user";
  }
  return "reveilled does not answer on " + path + " (" + error.message() +
         "); start it with `reveilled --config reveille.toml`, or name its socket with --socket";
}

}  // namespace

Result<AdminClient::Answer> AdminClient::request(std::string_view method, std::string_view target,
                                                 std::string body) const {
  const std::string path = socket_.string();
  if (path.size() > 100) {
    return failure(ErrorCode::malformed, "the socket's path is longer than 100 bytes: " + path);
  }
  Message message;
  message.method_string(method);
  message.target(target);
  message.version(11);
  message.set(beast::http::field::host, "reveille");
  message.set(beast::http::field::connection, "close");
  if (!body.empty()) message.set(beast::http::field::content_type, "application/json");
  message.body() = std::move(body);
  message.prepare_payload();

  Parser parser;
  parser.body_limit(answer_bytes_max);
  boost::system::error_code error;
  asio::io_context context(1);
  asio::co_spawn(context, exchange(path, message, parser, error), asio::detached);
  context.run();
  if (error && !parser.is_done()) {
    return failure(ErrorCode::unavailable, unreachable(path, error));
  }

  Answer answer;
  answer.status = static_cast<int>(parser.get().result_int());
  answer.text = std::move(parser.get().body());
  boost::system::error_code not_json;
  boost::json::value value = boost::json::parse(answer.text, not_json);
  if (!not_json && value.is_object()) answer.object = std::move(value.get_object());
  if (answer.status < 400) return answer;
  const boost::json::value* reason = answer.object.if_contains("error");
  std::string detail = reason != nullptr && reason->is_string()
                           ? std::string(reason->get_string().c_str())
                           : "reveilled answered " + std::to_string(answer.status);
  ErrorCode code = ErrorCode::malformed;
  if (answer.status == 404) code = ErrorCode::not_found;
  if (answer.status == 409) code = ErrorCode::conflict;
  return failure(code, std::move(detail));
}

std::string path_segment(std::string_view text) {
  constexpr std::string_view unreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr char digits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char character : text) {
    if (unreserved.find(character) != std::string_view::npos) {
      encoded += character;
      continue;
    }
    const auto byte = static_cast<unsigned char>(character);
    encoded += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return encoded;
}

}  // namespace reveille
