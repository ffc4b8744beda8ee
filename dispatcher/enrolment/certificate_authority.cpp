#include "dispatcher/enrolment/certificate_authority.h"

#include <algorithm>
#include <utility>

namespace reveille::enrolment {

CertificateAuthority::CertificateAuthority(pki::Certificate certificate, pki::PrivateKey key)
    : key_(std::move(key)) {
  anchors_.push_back(std::move(certificate));
}

Result<CertificateAuthority> CertificateAuthority::make(pki::Certificate certificate,
                                                        pki::PrivateKey key) {
  if (!key.is_rsa()) {
    return failure(ErrorCode::malformed, "the authority's key must be RSA: SCEP encrypts to it");
  }
  if (!certificate.belongs_to(key)) {
    return failure(ErrorCode::malformed, "the authority's key does not belong to its certificate");
  }
  return CertificateAuthority(std::move(certificate), std::move(key));
}

Result<pki::Certificate> CertificateAuthority::issue(const pki::CertificateRequest& request,
                                                     const Terms& terms) const {
  const pki::Time now = std::chrono::floor<std::chrono::seconds>(terms.now);
  if (now >= certificate().not_after()) {
    return failure(ErrorCode::unavailable, "the certificate authority has expired");
  }
  pki::CertificateTemplate contents;
  contents.serial = terms.serial;
  contents.not_before = now - std::chrono::hours(1);
  contents.not_after = std::min(now + terms.lifetime, certificate().not_after());
  contents.purpose = pki::CertificateTemplate::Purpose::tls_client;
  return pki::issue(request, contents, certificate(), key_);
}

Result<void> verify_identity(const pki::Certificate& certificate,
                             std::span<const pki::Certificate> anchors, pki::Time now) {
  if (std::ranges::find(anchors, certificate) != anchors.end()) {
    return failure(ErrorCode::unauthorised, "an authority is no device");
  }
  return pki::verify_client_certificate(certificate, {}, anchors, now);
}

}  // namespace reveille::enrolment
