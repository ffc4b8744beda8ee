#include "dispatcher/http/http_client.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

#include "protocol/base/ensure.h"

namespace reveille::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;

using Parser = beast::http::response_parser<beast::http::string_body>;

constexpr std::uint32_t head_bytes_max = 64 * 1024;
constexpr std::size_t read_bytes = 16 * 1024;

bool carries_length(const Request& request) {
  return !request.body.empty() || request.method == "PUT" || request.method == "POST" ||
         request.method == "PATCH";
}

Bytes message_of(const Request& request) {
  Bytes message;
  message.reserve(512 + request.body.size());
  message.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\nHost: ");
  message.append(request.authority).append("\r\n");
  for (const Header& header : request.headers) {
    if (header.name == "host" || header.name == "content-length") continue;
    message.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  if (carries_length(request)) {
    message.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  message.append("\r\n").append(request.body);
  return message;
}

std::string lower_case(std::string_view name) {
  std::string lower(name);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

Response response_of(Parser::value_type message) {
  Response response{.status = static_cast<int>(message.result_int()), .headers = {}, .body = {}};
  for (const auto& field : message) {
    response.headers.push_back({lower_case(field.name_string()), std::string(field.value())});
  }
  response.body = std::move(message.body());
  return response;
}

bool is_interim(const Parser& parser) {
  const unsigned status = parser.get().result_int();
  return status >= 100 && status < 200 && status != 101;
}

std::unexpected<Error> broken(const beast::error_code& error) {
  if (error == beast::http::error::body_limit) {
    return failure(ErrorCode::malformed, "the answer is too large");
  }
  return failure(ErrorCode::malformed, "the answer is no HTTP: " + error.message());
}

}  // namespace

asio::awaitable<Result<Response>> Http1Client::request(const Request& request,
                                                       Stream::Deadline deadline) {
  ensure(reusable_, "the HTTP/1.1 connection takes another request");
  reusable_ = false;
  const Bytes message = message_of(request);
  Result<void> written = co_await stream_.write(message, deadline);
  // A server that refuses early answers before it has read everything; what it says is worth more
  // than the reset that the rest of our request meets.
  Result<Response> response = co_await read_response(request.method == "HEAD", deadline);
  if (!response && !written) co_return std::unexpected(std::move(written.error()));
  const auto connection = request.header("connection");
  if (!written || (connection && *connection == "close")) reusable_ = false;
  co_return response;
}

asio::awaitable<Result<Response>> Http1Client::read_response(bool head, Stream::Deadline deadline) {
  std::optional<Parser> parser;
  std::array<char, read_bytes> buffer;  // within the frame, which lives for one answer
  for (;;) {
    if (!parser) {
      parser.emplace();
      parser->header_limit(head_bytes_max);
      parser->body_limit(body_bytes_max_);
      parser->eager(true);
      parser->skip(head);
    }
    beast::error_code error;
    if (!received_.empty()) {
      const std::size_t used = parser->put(asio::buffer(received_), error);
      received_.erase(0, used);
      if (error && error != beast::http::error::need_more) co_return broken(error);
    }
    if (parser->is_done()) {
      if (!is_interim(*parser)) break;
      parser.reset();
      continue;
    }
    Result<std::size_t> count = co_await stream_.read_some(buffer, deadline);
    if (!count) co_return std::unexpected(std::move(count.error()));
    if (*count > 0) {
      received_.append(buffer.data(), *count);
      continue;
    }
    if (!parser->got_some()) co_return failure(ErrorCode::unavailable, "the peer hung up");
    parser->put_eof(error);
    if (error) co_return broken(error);
    break;
  }
  reusable_ = parser->keep_alive() && received_.empty();
  co_return response_of(parser->release());
}

}  // namespace reveille::http
