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

}  // namespace reveille
