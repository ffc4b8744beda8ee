#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"

namespace reveille {

// Standard alphabet with padding (RFC 4648 section 4), no line breaks.
std::string to_base64(BytesView bytes);

// Blanks, tabs and line breaks are skipped anywhere. Padding must be right in number and place:
// "AAAA=" and "Base64=" are refused. nullopt when refused.
std::optional<Bytes> from_base64(std::string_view text);

// URL-safe alphabet without padding (RFC 4648 section 5, RFC 7515 section 2).
std::string to_base64url(BytesView bytes);
// Padding, blanks and stray bits behind the last byte are refused: every value has one spelling.
std::optional<Bytes> from_base64url(std::string_view text);

}  // namespace reveille
