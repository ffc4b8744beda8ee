#pragma once

#include <string>
#include <string_view>

#include "protocol/base/error.h"
#include "protocol/pki/key.h"

namespace reveille::pki {

// A JSON Web Token (RFC 7519) in compact form, signed with RS256 (RFC 7518 section 3.3).
// `claims` is a JSON object.
// Errors: malformed (the key is not RSA of at least 2048 bits, as the RFC demands).
Result<std::string> sign_json_web_token(std::string_view claims, const PrivateKey& key);

}  // namespace reveille::pki
