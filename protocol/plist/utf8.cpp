#include "protocol/plist/utf8.h"

#include <cstdint>
#include <cstring>

namespace reveille::plist {
namespace {

bool continues(unsigned char byte) { return (byte & 0xc0) == 0x80; }

}  // namespace

std::size_t utf8_sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t offset) {
    return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset])
                                     : static_cast<unsigned char>(0);
  };
  const unsigned char first = byte(0);
  const unsigned char second = byte(1);
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (!continues(second)) return 0;
  if (first < 0xe0) return 2;
  if (!continues(byte(2))) return 0;
  if (first < 0xf0) {
    const bool overlong = first == 0xe0 && second < 0xa0;
    const bool surrogate = first == 0xed && second >= 0xa0;
    return overlong || surrogate ? 0 : 3;
  }
  if (first > 0xf4 || !continues(byte(3))) return 0;
  const bool overlong = first == 0xf0 && second < 0x90;
  const bool too_large = first == 0xf4 && second >= 0x90;
  return overlong || too_large ? 0 : 4;
}

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    // Messages are ASCII but for a few names: eight bytes at a time.
    while (at + 8 <= text.size()) {
      std::uint64_t word;
      std::memcpy(&word, text.data() + at, 8);
      if ((word & 0x8080808080808080u) != 0) break;
      at += 8;
    }
    if (at == text.size()) break;
    const std::size_t length = utf8_sequence_length(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::nullopt;
}

char32_t decode_utf8(std::string_view sequence) {
  const auto low_bits = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(sequence[i]) & 0x3f);
  };
  const auto first = static_cast<unsigned char>(sequence[0]);
  switch (sequence.size()) {
    case 1:
      return first;
    case 2:
      return static_cast<char32_t>(first & 0x1f) << 6 | low_bits(1);
    case 3:
      return static_cast<char32_t>(first & 0x0f) << 12 | low_bits(1) << 6 | low_bits(2);
    default:
      return static_cast<char32_t>(first & 0x07) << 18 | low_bits(1) << 12 | low_bits(2) << 6 |
             low_bits(3);
  }
}

void append_utf8(std::string& text, char32_t code_point) {
  const auto append = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    append(code_point);
  } else if (code_point < 0x800) {
    append(0xc0 | code_point >> 6);
    append(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    append(0xe0 | code_point >> 12);
    append(0x80 | (code_point >> 6 & 0x3f));
    append(0x80 | (code_point & 0x3f));
  } else {
    append(0xf0 | code_point >> 18);
    append(0x80 | (code_point >> 12 & 0x3f));
    append(0x80 | (code_point >> 6 & 0x3f));
    append(0x80 | (code_point & 0x3f));
  }
}

}  // namespace reveille::plist
