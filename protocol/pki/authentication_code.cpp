#include "protocol/pki/authentication_code.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include <array>

#include "protocol/base/ensure.h"
#include "protocol/pki/openssl.h"

namespace reveille::pki {

Bytes authentication_code(BytesView key, BytesView message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
  unsigned int size = 0;
  const unsigned char* made =
      HMAC(sha256_algorithm(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(message.data()), message.size(), code.data(),
           &size);
  ensure(made != nullptr, "HMAC-SHA-256 is there");
  return Bytes(reinterpret_cast<const char*>(code.data()), size);
}

bool is_same_secret(BytesView left, BytesView right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace reveille::pki
