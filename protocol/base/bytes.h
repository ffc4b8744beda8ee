#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace reveille {

// Raw bytes of any content, NUL included. Text is UTF-8 in the same types.
using Bytes = std::string;
using BytesView = std::string_view;

// Lower-case hexadecimal, two digits a byte.
std::string to_hex(BytesView bytes);

// The inverse; upper and lower case are read. nullopt on any other character or an odd length.
std::optional<Bytes> from_hex(std::string_view text);

}  // namespace reveille
