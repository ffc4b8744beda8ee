#pragma once

#include <optional>
#include <string>

#include "tools/simulators/apns/push.h"
#include "tools/simulators/apns/token_directory.h"

// Apple's rules for one notification, as far as they are known: protocol.md 6.1 to 6.3. Stricter
// than Apple, who lets apns-push-type and apns-expiration be left out: a push without them may
// never arrive, so here it counts as a broken rule.
namespace reveille::simulators::apns {

enum class Strictness {
  apples,  // what Apple answers with an error
  all,  // and what it forgives: a missing apns-id, another scheme, more in the payload than needed
};

// Fills in `push` from its head. `certificate_topic`: the UID of the connection's client
// certificate; nullopt without one.
void check_head(const PushHead& head, const std::optional<std::string>& certificate_topic,
                Strictness strictness, Push& push);

// Once the body is there: says in push.reason whether it is accepted.
void check_body(Strictness strictness, const TokenDirectory& tokens, Push& push);

// Of a body that was accepted; lives as long as the body or `storage`.
std::optional<BytesView> magic_of(BytesView body, std::string& storage);

}  // namespace reveille::simulators::apns
