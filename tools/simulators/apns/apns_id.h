#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace reveille::simulators::apns {

// An apns-id as the number it is; zero: none.
struct ApnsId {
  std::uint64_t high = 0, low = 0;
  friend bool operator==(const ApnsId&, const ApnsId&) = default;
};
// Of a canonical lower-case UUID; nullopt for anything else.
std::optional<ApnsId> parse_apns_id(std::string_view text);

// A 64-bit name of a token, never 0: two tokens of a run share one less often than hardware fails.
std::uint64_t mark_of(std::string_view token_hex);

// The finaliser of MurmurHash3: every bit of the input moves half of the output's.
inline std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 33)) * 0xff51afd7ed558ccdull;
  value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53ull;
  return value ^ (value >> 33);
}

}  // namespace reveille::simulators::apns
