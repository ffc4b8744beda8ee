#include "dispatcher/admin/access.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "protocol/base/base64.h"
#include "protocol/base/ensure.h"

namespace reveille::admin {

namespace {

constexpr std::string_view user = "nanomdm";

bool is_basic(std::string_view scheme) {
  constexpr std::string_view basic = "basic";
  if (scheme.size() != basic.size()) return false;
  for (std::size_t i = 0; i < basic.size(); ++i) {
    if ((scheme[i] | 0x20) != basic[i]) return false;
  }
  return true;
}

}  // namespace

ApiKeys::ApiKeys(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) digests_.push_back(digest_of(key));
}

// Digests have one length, so that a comparison tells nothing of the key's.
ApiKeys::Digest ApiKeys::digest_of(std::string_view text) {
  Digest digest{};
  unsigned int size = 0;
  const int ok = EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  ensure(ok == 1 && size == digest.size(), "SHA-256 has 32 bytes");
  return digest;
}

bool ApiKeys::admit(std::optional<std::string_view> authorization) const {
  if (!authorization) return false;
  const std::size_t blank = authorization->find(' ');
  if (blank == std::string_view::npos || !is_basic(authorization->substr(0, blank))) return false;
  const std::optional<Bytes> credentials = from_base64(authorization->substr(blank + 1));
  if (!credentials) return false;
  const std::size_t colon = credentials->find(':');
  if (colon == std::string::npos) return false;

  const std::string_view name = std::string_view(*credentials).substr(0, colon);
  const Digest given = digest_of(std::string_view(*credentials).substr(colon + 1));
  int matches = 0;
  for (const Digest& digest : digests_) {
    matches |= CRYPTO_memcmp(digest.data(), given.data(), digest.size()) == 0 ? 1 : 0;
  }
  return matches == 1 && name == user;
}

bool may_use_admin_socket(std::uint32_t peer_user_id, std::uint32_t own_user_id) {
  return peer_user_id == 0 || peer_user_id == own_user_id;
}

}  // namespace reveille::admin
