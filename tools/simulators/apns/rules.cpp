#include "tools/simulators/apns/rules.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

namespace reveille::simulators::apns {
namespace {

using reveille::apns::Reason;

constexpr std::string_view path_prefix = "/3/device/";
constexpr std::size_t payload_bytes_max = 4096;

bool is_lower_hex(std::string_view text) {
  return !text.empty() && text.size() % 2 == 0 && std::ranges::all_of(text, [](char digit) {
    return (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
  });
}

bool is_canonical_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char digit = text[i];
    const bool hex = (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f');
    if (dash ? digit != '-' : !hex) return false;
  }
  return true;
}

bool is_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

Decision refuse(Reason reason, std::string broken_rule) {
  Decision decision;
  decision.reason = reason;
  decision.broken_rule = std::move(broken_rule);
  return decision;
}

// The body is {"mdm": "<PushMagic>"} and nothing else.
std::optional<std::string> read_push_magic(BytesView body) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse({body.data(), body.size()}, error);
  if (error || !value.is_object()) return std::nullopt;
  const boost::json::object& object = value.get_object();
  const auto* magic = object.if_contains("mdm");
  if (object.size() != 1 || magic == nullptr || !magic->is_string()) return std::nullopt;
  return std::string(magic->get_string());
}

std::optional<Decision> check_headers(const http::Request& request,
                                      const std::string& certificate_topic) {
  for (const http::Header& header : request.headers) {
    const auto same = [&](const http::Header& other) { return other.name == header.name; };
    if (header.name.starts_with("apns-") && std::ranges::count_if(request.headers, same) > 1) {
      return refuse(Reason::duplicate_headers, "a header is repeated: " + header.name);
    }
  }
  const auto topic = request.header("apns-topic");
  if (!topic) return refuse(Reason::missing_topic, "no apns-topic");
  if (*topic != certificate_topic) {
    return refuse(Reason::topic_disallowed, "apns-topic is not the certificate's");
  }
  const auto type = request.header("apns-push-type");
  if (!type) return refuse(Reason::invalid_push_type, "no apns-push-type");
  if (*type != "mdm") return refuse(Reason::invalid_push_type, "apns-push-type is not mdm");
  const auto priority = request.header("apns-priority");
  if (priority && *priority != "10") return refuse(Reason::bad_priority, "apns-priority is not 10");
  const auto expiration = request.header("apns-expiration");
  if (!expiration || !is_number(*expiration)) {
    return refuse(Reason::bad_expiration_date, "apns-expiration is missing or no number");
  }
  const auto id = request.header("apns-id");
  if (id && !is_canonical_uuid(*id)) {
    return refuse(Reason::bad_message_id, "apns-id is no lower-case UUID");
  }
  if (const auto collapse = request.header("apns-collapse-id"); collapse && collapse->size() > 64) {
    return refuse(Reason::bad_collapse_id, "apns-collapse-id is longer than 64 bytes");
  }
  return std::nullopt;
}

}  // namespace

void TokenDirectory::add(std::string token_hex) {
  strict_ = true;
  gone_since_[std::move(token_hex)] = 0;
}

void TokenDirectory::remove(const std::string& token_hex, std::int64_t now_milliseconds) {
  strict_ = true;
  gone_since_[token_hex] = now_milliseconds;
}

TokenDirectory::Known TokenDirectory::look_up(const std::string& token_hex) const {
  if (!strict_) return Known::yes;
  const auto found = gone_since_.find(token_hex);
  if (found == gone_since_.end()) return Known::never_heard_of;
  return found->second == 0 ? Known::yes : Known::gone;
}

std::int64_t TokenDirectory::gone_since(const std::string& token_hex) const {
  const auto found = gone_since_.find(token_hex);
  return found == gone_since_.end() ? 0 : found->second;
}

Decision decide(const http::Request& request, const std::optional<std::string>& certificate_topic,
                const TokenDirectory& tokens) {
  if (request.method != "POST") return refuse(Reason::method_not_allowed, "method is not POST");
  const std::string_view path = request.path();
  if (!path.starts_with(path_prefix)) return refuse(Reason::bad_path, "path is not /3/device/...");
  const std::string_view token = path.substr(path_prefix.size());
  if (token.empty()) return refuse(Reason::missing_device_token, "no token in the path");
  if (!certificate_topic) {
    return refuse(Reason::missing_provider_token, "neither client certificate nor token");
  }
  if (!is_lower_hex(token)) {
    return refuse(Reason::bad_device_token, "token is not lower-case hexadecimal");
  }
  std::optional<Decision> broken = check_headers(request, *certificate_topic);
  if (broken) return *std::move(broken);
  if (request.body.empty()) return refuse(Reason::payload_empty, "empty payload");
  if (request.body.size() > payload_bytes_max) {
    return refuse(Reason::payload_too_large, "payload above 4096 bytes");
  }
  std::optional<std::string> magic = read_push_magic(request.body);
  if (!magic) return refuse(Reason::payload_empty, "payload is not {\"mdm\": ...} alone");

  Decision decision;
  decision.push.token_hex = std::string(token);
  decision.push.push_magic = *std::move(magic);
  switch (tokens.look_up(decision.push.token_hex)) {
    case TokenDirectory::Known::yes:
      break;
    case TokenDirectory::Known::never_heard_of:
      decision.reason = Reason::bad_device_token;
      break;
    case TokenDirectory::Known::gone:
      decision.reason = Reason::unregistered;
      decision.unregistered_at_milliseconds = tokens.gone_since(decision.push.token_hex);
      break;
  }
  return decision;
}

}  // namespace reveille::simulators::apns
