#include "dispatcher/http/request_parser.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

namespace reveille::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;

// What a peer merely announces is not worth this much memory before it arrives.
constexpr std::uint64_t body_reserve_bytes_max = 64 * 1024;
constexpr std::size_t field_overhead_bytes = 4;  // ": " and CRLF

std::string lower_case(std::string_view name) {
  std::string lower(name);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return lower;
}

}  // namespace

RequestParser::RequestParser(const RequestLimits& limits, BodyRules& rules,
                             std::shared_ptr<BodyBudget> bodies)
    : limits_(limits), rules_(rules) {
  request_.share = BodyShare(std::move(bodies));
  eager(true);
  // Beast forgets what it has counted with each call, so on_field_impl counts for good.
  header_limit(static_cast<std::uint32_t>(limits.head_bytes_max));
  body_limit(limits.body_bytes_max);
}

std::size_t RequestParser::take(BytesView bytes) {
  Error error;
  const std::size_t used = put(boost::asio::buffer(bytes.data(), bytes.size()), error);
  judge(error, bytes.size() - used);
  return used;
}

void RequestParser::judge(const Error& error, std::size_t bytes_left) {
  using Code = beast::http::error;
  if (refusal_ != 0 || is_done()) return;
  const bool line_missing = version_ == 0;
  if (!error || error == Code::need_more) {
    if (line_missing && bytes_left > limits_.request_line_bytes_max) refusal_ = line_too_long();
    // Past the head only the line of a chunk and the trailers can be waited for.
    if (is_header_done() && bytes_left > limits_.head_bytes_max) refusal_ = 400;
    return;
  }
  if (error == Code::header_limit) {
    refusal_ = line_missing ? line_too_long() : 431;
  } else if (error == Code::body_limit) {
    refusal_ = 413;
  } else {
    refusal_ = 400;
  }
}

bool RequestParser::awaits_continue() const {
  return expects_continue_ && is_header_done() && request_.body.empty() &&
         (!request_.long_body || request_.long_body->bytes() == 0);
}

int RequestParser::line_too_long() const {
  return limits_.request_line_bytes_max < limits_.head_bytes_max ? 414 : 431;
}

void RequestParser::refuse(int status, Error& error) {
  refusal_ = status;
  error = beast::http::error::bad_value;
}

void RequestParser::on_request_impl(beast::http::verb, Text method, Text target, int version,
                                    Error& error) {
  version_ = version;
  if (method.size() + target.size() > limits_.request_line_bytes_max)
    return refuse(line_too_long(), error);
  head_bytes_ = method.size() + target.size();
  request_.method = method;
  take_target(target, error);
}

// RFC 9112 section 3.2: a path, or a whole URL (as a proxy is asked), or "*".
void RequestParser::take_target(Text target, Error& error) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!beast::iequals(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t slash = std::min(target.find('/'), target.size());
    request_.authority = target.substr(0, slash);
    target.remove_prefix(slash);
    request_.target = target.empty() ? Text("/") : target;
    return;
  }
  if (!target.starts_with('/') && target != "*") return refuse(400, error);
  request_.target = target;
}

void RequestParser::on_field_impl(field name_known, Text name, Text value, Error& error) {
  head_bytes_ += name.size() + value.size() + field_overhead_bytes;
  if (head_bytes_ > limits_.head_bytes_max) return refuse(431, error);
  if (in_trailers_) return;  // nobody here reads them
  switch (name_known) {
    case field::host:
      // RFC 9112 section 3.2: exactly one. A URL in the request line goes before it.
      if (has_host_) return refuse(400, error);
      has_host_ = true;
      if (request_.authority.empty()) request_.authority = value;
      return;
    case field::transfer_encoding:
      // What we cannot decode has no length we know of (section 6.1); HTTP/1.0 has none at all.
      if (version_ < 11) return refuse(400, error);
      if (!beast::iequals(value, "chunked")) return refuse(501, error);
      break;
    case field::expect:
      if (version_ < 11) break;
      if (!beast::iequals(value, "100-continue")) return refuse(417, error);
      expects_continue_ = true;
      break;
    default:
      break;
  }
  request_.headers.push_back({lower_case(name), std::string(value)});
}

void RequestParser::on_header_impl(Error& error) {
  in_trailers_ = true;
  if (version_ >= 11 && !has_host_) return refuse(400, error);
  room_ = BodyRoom(std::min(limits_.body_bytes_max, rules_.body_bytes_max(request_)));
  const int refusal =
      room_.announce(request_, content_length().value_or(0),
                     [this](const Request& head) { return rules_.find_place(head); });
  if (refusal != 0) refuse(refusal, error);
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, Error&) {
  if (!length || request_.long_body) return;
  request_.body.reserve(std::min(*length, body_reserve_bytes_max));
}

std::size_t RequestParser::on_body_impl(Text bytes, Error& error) { return append(bytes, error); }

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, Text bytes, Error& error) {
  return append(bytes, error);
}

std::size_t RequestParser::append(Text bytes, Error& error) {
  const int refusal =
      room_.take(request_, bytes, [this](const Request& head) { return rules_.find_place(head); });
  if (refusal != 0) refuse(refusal, error);
  return bytes.size();
}

}  // namespace reveille::http
