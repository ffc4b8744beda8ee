#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/http/body_budget.h"
#include "protocol/http/long_body.h"

// An HTTP exchange as values, the same for HTTP/1.1 and HTTP/2 (RFC 9110).
namespace reveille::http {

class BodySource;  // dispatcher/http/body_source.h

struct Header {
  std::string name;  // lower case
  std::string value;
  friend bool operator==(const Header&, const Header&) = default;
};

struct Request {
  std::string method;     // "PUT"
  std::string target;     // path and query, as sent
  std::string authority;  // Host or :authority
  std::vector<Header> headers;
  Bytes body;
  BodyShare share = {};  // what the body holds of its listener's budget
  // The body in place of `body`, when it is long and its handler has a place for it. Shared only
  // so that a request can be copied.
  std::shared_ptr<LongBody> long_body = {};

  // The first header of that (lower-case) name; nullopt when absent.
  std::optional<std::string_view> header(std::string_view name) const;
  std::string_view path() const;   // target up to '?', not decoded
  std::string_view query() const;  // after '?', not decoded; empty when absent
};

struct Response {
  int status = 200;
  std::vector<Header> headers;
  Bytes body;
  // The body in place of `body`. Shared only so that an answer can be copied.
  std::shared_ptr<BodySource> source = {};

  std::optional<std::string_view> header(std::string_view name) const;
};

// Percent-decoding; '+' stays '+' in paths and is a blank in queries. nullopt on a broken escape.
std::optional<std::string> decode_path(std::string_view text);
std::optional<std::string> query_parameter(std::string_view query, std::string_view name);

}  // namespace reveille::http
