// The DigestResponse of a Mac's user.
#include <openssl/err.h>

#include <cstddef>
#include <cstdint>

#include "protocol/base/ensure.h"
#include "protocol/pki/http_digest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace reveille;
  const auto read =
      pki::parse_digest_credentials({reinterpret_cast<const char*>(bytes), count});
  if (!read) return 0;
  ensure(!read->user_name.empty() && !read->nonce.empty(), "what is read is complete");
  const auto proved = pki::digest_proves(*read, "00112233445566778899aabbccddeeff");
  ensure(proved.has_value(), "any response can be compared");
  ensure(ERR_peek_error() == 0, "no error is left for the thread's next TLS call");
  return 0;
}
