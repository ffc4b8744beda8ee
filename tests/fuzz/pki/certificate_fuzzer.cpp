// Certificates, requests, keys and push certificates; each input is read as all of them.
#include <openssl/err.h>

#include <cstddef>
#include <cstdint>

#include "protocol/pki/certificate_request.h"
#include "protocol/pki/push_certificate.h"
#include "tests/fuzz/pki/identities.h"

namespace {

using namespace reveille::pki;
using reveille::ensure;

void use(const Certificate& certificate) {
  ensure(certificate.sha256().size() == 32, "a certificate has a name in our records");
  static_cast<void>(certificate.public_key_sha256());
  static_cast<void>(certificate.serial_hex());
  static_cast<void>(certificate.subject());
  static_cast<void>(certificate.common_name());
  static_cast<void>(certificate.user_id());
  static_cast<void>(certificate.is_self_signed());
  static_cast<void>(certificate.is_rsa());
  const std::array anchors{fuzz::ra()};
  [[maybe_unused]] const auto verified =
      verify_client_certificate(certificate, {}, anchors, fuzz::ra().not_before());
  ensure(Certificate::from_pem(certificate.pem()) == certificate, "PEM keeps a certificate");
}

void use(const CertificateRequest& request) {
  static_cast<void>(request.challenge_password());
  static_cast<void>(request.subject());
  ensure(request.key_bits() >= 256, "keys that are too small are not read");
  const auto contents = fuzz::contents_for("", CertificateTemplate::Purpose::tls_client);
  const auto issued = issue(request, contents, fuzz::ra(), fuzz::ra_key());
  ensure(!issued || issued->public_key_sha256() == request.public_key_sha256(),
         "a certificate is for its request's key");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const reveille::BytesView input(reinterpret_cast<const char*>(bytes), count);
  if (const auto certificate = Certificate::from_der(input)) use(*certificate);
  if (const auto certificates = Certificate::all_from_pem(input)) {
    for (const Certificate& certificate : *certificates) use(certificate);
  }
  if (const auto request = CertificateRequest::from_der(input)) use(*request);
  if (const auto key = PrivateKey::from_pem(input)) {
    ensure(PrivateKey::from_pem(key->to_pem()).has_value(), "PEM keeps a key");
  }
  if (const auto push = parse_push_certificate(input)) {
    ensure(push->certificate.belongs_to(push->key) && push->topic.starts_with("com.apple.mgmt"),
           "a push certificate comes with its key and topic");
  }
  ensure(ERR_peek_error() == 0, "no error is left for the thread's next TLS call");
  return 0;
}
