// An Mdm-Signature header, a NUL, and the body.
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "protocol/pki/mdm_signature.h"
#include "tests/fuzz/pki/identities.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace reveille::pki;
  const reveille::BytesView input(reinterpret_cast<const char*>(bytes), count);
  const std::size_t end = std::min(input.find('\0'), input.size());
  const auto header = input.substr(0, end);
  const auto body = input.substr(std::min(end + 1, input.size()));

  const auto signer = verify_mdm_signature(header, body);
  if (signer) {
    reveille::ensure(!verify_mdm_signature(header, reveille::Bytes(body) + "x"),
                     "a signature holds for one body only");
  }
  reveille::ensure(ERR_peek_error() == 0, "no error is left for the thread's next TLS call");
  return 0;
}
