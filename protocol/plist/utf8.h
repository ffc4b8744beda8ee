#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace reveille::plist {

// Well-formed UTF-8 is RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.

// The length of the sequence that begins at `at`, 1 to 4; 0 when it is not well-formed.
std::size_t utf8_sequence_length(std::string_view text, std::size_t at);

// Where the first byte is that belongs to no well-formed sequence; nullopt when all are.
std::optional<std::size_t> first_invalid_utf8(std::string_view text);

// The code point of a well-formed sequence.
char32_t decode_utf8(std::string_view sequence);

// `code_point` is a Unicode scalar value.
void append_utf8(std::string& text, char32_t code_point);

}  // namespace reveille::plist
