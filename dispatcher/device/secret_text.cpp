#include "dispatcher/device/secret_text.h"

#include "protocol/base/base64.h"
#include "protocol/pki/openssl.h"

namespace reveille::device {

std::string new_secret(RandomSource& random) { return to_base64url(random.bytes(32)); }

storage::Sha256 hash_of_secret(std::string_view secret) {
  return storage::Sha256::from(pki::sha256_of(secret));
}

}  // namespace reveille::device
