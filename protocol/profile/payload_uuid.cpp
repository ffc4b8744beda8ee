#include "protocol/profile/payload_uuid.h"

#include <array>
#include <cstdint>
#include <cstdio>

namespace reveille::profile {
namespace {

// FNV-1a of 64 bits, then the finaliser of MurmurHash3 so that near texts differ in all bits. It
// has to tell a handful of names apart, not to resist anyone.
std::uint64_t hash_of(std::uint64_t seed, std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u ^ seed;
  for (const char character : text) {
    hash = (hash ^ static_cast<unsigned char>(character)) * 0x100000001b3u;
  }
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdu;
  hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53u;
  return hash ^ hash >> 33;
}

}  // namespace

std::string payload_uuid(std::string_view profile_uuid, std::string_view role) {
  const std::string name = std::string(profile_uuid) + '/' + std::string(role);
  const std::uint64_t high = (hash_of(1, name) & ~std::uint64_t{0xf000}) | 0x8000;
  const std::uint64_t low = (hash_of(2, name) & ~(std::uint64_t{3} << 62)) | std::uint64_t{1} << 63;
  std::array<char, 37> text{};
  std::snprintf(text.data(), text.size(), "%08X-%04X-%04X-%04X-%012llX",
                static_cast<unsigned>(high >> 32), static_cast<unsigned>(high >> 16 & 0xffff),
                static_cast<unsigned>(high & 0xffff), static_cast<unsigned>(low >> 48),
                static_cast<unsigned long long>(low & 0xffffffffffff));
  return text.data();
}

}  // namespace reveille::profile
