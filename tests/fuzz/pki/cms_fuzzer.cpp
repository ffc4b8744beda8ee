// Every reader of CMS over the same bytes.
#include <openssl/err.h>

#include <cstddef>
#include <cstdint>

#include "protocol/pki/cms.h"
#include "tests/fuzz/pki/identities.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  using namespace reveille::pki;
  const reveille::BytesView cms(reinterpret_cast<const char*>(bytes), count);
  const std::array extra{fuzz::ra()};

  const auto attached = verify_attached(cms, extra);
  if (attached) {
    reveille::ensure(!verify_detached(cms, attached->content),
                     "a message is attached or detached, never both");
    reveille::ensure(!unwrap_certificates(cms), "a message with a signer is not degenerate");
  }
  [[maybe_unused]] const auto detached = verify_detached(cms, "body");
  [[maybe_unused]] const auto by_rsa = decrypt_telling_cipher(cms, fuzz::ra(), fuzz::ra_key());
  [[maybe_unused]] const auto by_ec =
      decrypt_telling_cipher(cms, fuzz::device(), fuzz::device_key());
  const auto certificates = unwrap_certificates(cms);
  if (certificates) {
    for (const Certificate& certificate : *certificates) {
      static_cast<void>(certificate.subject());
      [[maybe_unused]] const auto verified =
          verify_client_certificate(certificate, *certificates, extra, fuzz::ra().not_before());
    }
  }
  reveille::ensure(ERR_peek_error() == 0, "no error is left for the thread's next TLS call");
  return 0;
}
