#include "tools/simulators/apns/rules.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>

#include "tools/simulators/apns/apns_id.h"

namespace reveille::simulators::apns {
namespace {

using reveille::apns::Reason;

constexpr BytesView path_prefix = "/3/device/";

constexpr std::array<bool, 256> lower_hex_digits = [] {
  std::array<bool, 256> digits{};
  for (const char digit : BytesView("0123456789abcdef")) {
    digits[static_cast<unsigned char>(digit)] = true;
  }
  return digits;
}();

bool is_lower_hex(BytesView text) {
  if (text.empty() || text.size() % 2 != 0) return false;
  bool all = true;  // no early end: good tokens are the rule, and a loop without branches is faster
  for (const char letter : text) all &= lower_hex_digits[static_cast<unsigned char>(letter)];
  return all;
}

bool is_number(BytesView text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

void refuse(Push& push, Reason reason, BytesView broken_rule) {
  push.reason = reason;
  push.broken_rule = broken_rule;
}

void check_values(const PushHead& head, const std::string& certificate_topic, Push& push) {
  if (!head.repeated.empty()) {
    return refuse(push, Reason::duplicate_headers, "a header is repeated");
  }
  if (!head.topic) return refuse(push, Reason::missing_topic, "no apns-topic");
  if (*head.topic != certificate_topic) {
    return refuse(push, Reason::topic_disallowed, "apns-topic is not the certificate's");
  }
  if (!head.push_type) return refuse(push, Reason::invalid_push_type, "no apns-push-type");
  if (*head.push_type != "mdm") {
    return refuse(push, Reason::invalid_push_type, "apns-push-type is not mdm");
  }
  if (head.priority && *head.priority != "10") {
    return refuse(push, Reason::bad_priority, "apns-priority is not 10");
  }
  if (!head.expiration || !is_number(*head.expiration)) {
    return refuse(push, Reason::bad_expiration_date, "apns-expiration is missing or no number");
  }
  if (head.id) {
    const std::optional<ApnsId> id = parse_apns_id(*head.id);
    if (!id) return refuse(push, Reason::bad_message_id, "apns-id is no lower-case UUID");
    push.id = *head.id;
    push.id_number = *id;
  }
  if (head.collapse_id && head.collapse_id->size() > 64) {
    return refuse(push, Reason::bad_collapse_id, "apns-collapse-id is longer than 64 bytes");
  }
}

BytesView what_apple_forgives(const PushHead& head) {
  if (!head.id) return "no apns-id: a push sent again cannot be told from a new one";
  if (head.scheme != "https") return ":scheme is not https";
  if (!head.authority || head.authority->empty()) return "no :authority";
  return {};
}

// {"mdm":"<PushMagic>"} byte for byte, as nearly all are; nullopt when it has to be parsed.
std::optional<BytesView> plain_magic(BytesView body) {
  constexpr BytesView begin = R"({"mdm":")", end = R"("})";
  if (body.size() < begin.size() + end.size() || !body.starts_with(begin) || !body.ends_with(end)) {
    return std::nullopt;
  }
  const BytesView magic = body.substr(begin.size(), body.size() - begin.size() - end.size());
  const bool plain = std::ranges::all_of(magic, [](char letter) {
    return letter >= ' ' && letter < 127 && letter != '"' && letter != '\\';
  });
  return plain ? std::optional(magic) : std::nullopt;
}

// The body is {"mdm": "<PushMagic>"} and nothing else.
std::optional<std::string> parsed_magic(BytesView body) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse({body.data(), body.size()}, error);
  if (error || !value.is_object()) return std::nullopt;
  const boost::json::object& object = value.get_object();
  const auto* magic = object.if_contains("mdm");
  if (object.size() != 1 || magic == nullptr || !magic->is_string()) return std::nullopt;
  return std::string(magic->get_string());
}

// No blank that JSON does not need: the connection's window is 65,535 bytes.
bool is_minimal(BytesView body) { return body.starts_with(R"({"mdm":")") && body.ends_with("\"}"); }

void look_up(const TokenDirectory& tokens, Push& push) {
  switch (tokens.look_up(push.token)) {
    case TokenDirectory::Known::yes:
      return;
    case TokenDirectory::Known::never_heard_of:
      push.reason = Reason::bad_device_token;
      return;
    case TokenDirectory::Known::gone:
      push.reason = Reason::unregistered;
      push.unregistered_at_milliseconds = tokens.gone_since(push.token);
      return;
  }
}

}  // namespace

void check_head(const PushHead& head, const std::optional<std::string>& certificate_topic,
                Strictness strictness, Push& push) {
  if (head.method != "POST") {
    return refuse(push, Reason::method_not_allowed, "method is not POST");
  }
  const BytesView path = head.path.value_or("");
  if (!path.starts_with(path_prefix)) {
    return refuse(push, Reason::bad_path, "path is not /3/device/...");
  }
  const BytesView token = path.substr(path_prefix.size());
  if (token.empty()) return refuse(push, Reason::missing_device_token, "no token in the path");
  if (!certificate_topic) {
    return refuse(push, Reason::missing_provider_token, "neither client certificate nor token");
  }
  if (!is_lower_hex(token)) {
    return refuse(push, Reason::bad_device_token, "token is not lower-case hexadecimal");
  }
  push.token = token;
  push.token_mark = mark_of(token);
  check_values(head, *certificate_topic, push);
  if (strictness == Strictness::all && push.broken_rule.empty()) {
    push.broken_rule = what_apple_forgives(head);
  }
}

void check_body(Strictness strictness, const TokenDirectory& tokens, Push& push) {
  if (push.reason != Reason::none) return;
  if (push.body_too_large) {
    return refuse(push, Reason::payload_too_large, "payload above 4096 bytes");
  }
  if (push.body.empty()) return refuse(push, Reason::payload_empty, "empty payload");
  if (!plain_magic(push.body)) {
    if (!parsed_magic(push.body)) {
      return refuse(push, Reason::payload_empty, "payload is not {\"mdm\": ...} alone");
    }
    if (strictness == Strictness::all && push.broken_rule.empty() && !is_minimal(push.body)) {
      push.broken_rule = "payload has more bytes than it needs";
    }
  }
  look_up(tokens, push);
}

std::optional<BytesView> magic_of(BytesView body, std::string& storage) {
  if (const auto plain = plain_magic(body)) return plain;
  std::optional<std::string> parsed = parsed_magic(body);
  if (!parsed) return std::nullopt;
  storage = *std::move(parsed);
  return storage;
}

}  // namespace reveille::simulators::apns
