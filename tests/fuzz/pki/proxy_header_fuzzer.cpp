// A header value by which a proxy passes on a client's certificate.
#include <openssl/err.h>

#include <cstddef>
#include <cstdint>

#include "protocol/base/ensure.h"
#include "protocol/pki/proxy_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const auto certificate =
      reveille::pki::certificate_from_proxy_header({reinterpret_cast<const char*>(bytes), count});
  if (certificate) reveille::ensure(certificate->sha256().size() == 32, "it can be named");
  reveille::ensure(ERR_peek_error() == 0, "no error is left for the thread's next TLS call");
  return 0;
}
