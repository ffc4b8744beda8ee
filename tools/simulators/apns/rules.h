#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "protocol/apns/reason.h"
#include "protocol/http/message.h"

// Apple's rules for one notification, as far as they are known: protocol.md 6.1 to 6.3.
namespace reveille::simulators::apns {

// What the request asked for, once it has passed.
struct AcceptedPush {
  std::string token_hex;
  std::string push_magic;
};

struct Decision {
  reveille::apns::Reason reason = reveille::apns::Reason::none;  // none: 200
  std::optional<std::int64_t> unregistered_at_milliseconds;      // with 410
  AcceptedPush push;
  std::string broken_rule;  // not empty: a provider that follows Apple's pages never sends this
};

// The tokens of devices that have told us of themselves. While none ever has, every well-formed
// token is good.
class TokenDirectory {
 public:
  void add(std::string token_hex);
  void remove(const std::string& token_hex, std::int64_t now_milliseconds);

  enum class Known { yes, never_heard_of, gone };
  Known look_up(const std::string& token_hex) const;
  std::int64_t gone_since(const std::string& token_hex) const;

 private:
  bool strict_ = false;
  std::unordered_map<std::string, std::int64_t> gone_since_;  // 0: there
};

// `certificate_topic`: the UID of the connection's client certificate; nullopt without one.
// Stricter than Apple, who lets apns-push-type and apns-expiration be left out: a push without them
// may never arrive, so here it counts as a broken rule.
Decision decide(const http::Request& request, const std::optional<std::string>& certificate_topic,
                const TokenDirectory& tokens);

}  // namespace reveille::simulators::apns
