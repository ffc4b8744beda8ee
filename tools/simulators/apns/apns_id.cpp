#include "tools/simulators/apns/apns_id.h"

#include <cstring>

namespace reveille::simulators::apns {
namespace {

int digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  return -1;
}

}  // namespace

std::optional<ApnsId> parse_apns_id(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  ApnsId id;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int digit = digit_of(text[i]);
    if (digit < 0) return std::nullopt;
    std::uint64_t& half = i < 18 ? id.high : id.low;
    half = half << 4 | static_cast<std::uint64_t>(digit);
  }
  return id;
}

std::uint64_t mark_of(std::string_view token_hex) {
  std::uint64_t mark = token_hex.size();
  std::size_t i = 0;
  for (; i + 8 <= token_hex.size(); i += 8) {
    std::uint64_t eight;
    std::memcpy(&eight, token_hex.data() + i, sizeof eight);
    mark = mix(mark ^ eight) + 0x9E3779B97F4A7C15u;
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, token_hex.data() + i, token_hex.size() - i);
  mark = mix(mark ^ rest);
  return mark == 0 ? 1 : mark;
}

}  // namespace reveille::simulators::apns
