#pragma once

#include <string_view>

#include "protocol/base/bytes.h"

namespace reveille::pki {

// HMAC-SHA-256 (RFC 2104): 32 bytes that only the holders of `key` can make for `message`.
Bytes authentication_code(BytesView key, BytesView message);

// Compares in a time that depends on the sizes alone.
bool is_same_secret(BytesView left, BytesView right);

}  // namespace reveille::pki
