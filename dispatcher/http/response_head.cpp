#include "dispatcher/http/response_head.h"

#include <algorithm>
#include <array>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/status.hpp>
#include <charconv>
#include <string_view>

#include "dispatcher/http/body_source.h"

namespace reveille::http {
namespace {

namespace beast = boost::beast;

bool is_ours_to_set(std::string_view name) {
  constexpr std::array<std::string_view, 4> names = {"connection", "content-length", "keep-alive",
                                                     "transfer-encoding"};
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view ours) { return beast::iequals(name, ours); });
}

bool breaks_lines(const Header& header) {
  constexpr std::string_view breaks("\r\n\0", 3);
  return header.name.find_first_of(breaks) != std::string::npos ||
         header.value.find_first_of(breaks) != std::string::npos;
}

void append_number(Bytes& head, std::size_t number) {
  std::array<char, 20> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  head.append(digits.data(), end);
}

bool has_length(int status) { return status >= 200 && status != 204; }

void append_connection(Bytes& head, AfterAnswer after) {
  if (after == AfterAnswer::close) head.append("Connection: close\r\n");
  if (after == AfterAnswer::keep_http_1_0) head.append("Connection: keep-alive\r\n");
}

}  // namespace

bool is_sendable(const Response& response) {
  return std::none_of(response.headers.begin(), response.headers.end(), breaks_lines);
}

Bytes response_head(const Response& response, AfterAnswer after) {
  Bytes head;
  head.reserve(256 + response.body.size());
  head.append("HTTP/1.1 ");
  append_number(head, static_cast<std::size_t>(response.status));
  head.append(" ");
  head.append(beast::http::obsolete_reason(static_cast<beast::http::status>(response.status)));
  head.append("\r\n");
  for (const Header& header : response.headers) {
    if (is_ours_to_set(header.name)) continue;
    head.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  if (has_length(response.status) && response.status != 304) {
    head.append("Content-Length: ");
    append_number(head, response.source ? response.source->bytes() : response.body.size());
    head.append("\r\n");
  }
  append_connection(head, after);
  head.append("\r\n");
  return head;
}

bool sends_body(const Response& response, bool to_head_request) {
  return !to_head_request && has_length(response.status) && response.status != 304 &&
         !response.body.empty();
}

}  // namespace reveille::http
