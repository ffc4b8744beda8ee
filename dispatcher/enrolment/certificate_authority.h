#pragma once

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/random_source.h"
#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/certificate_request.h"
#include "protocol/pki/key.h"
#include "storage/records.h"

namespace reveille::enrolment {

// Issues the identities of devices, and answers for them: what chains to it may speak.
//
// Threads: any; nothing changes after construction.
class CertificateAuthority {
 public:
  // The certificate is one root of its own. Its key is RSA, since SCEP encrypts to it.
  // Errors: malformed (another kind of key, or not the certificate's).
  static Result<CertificateAuthority> make(pki::Certificate certificate, pki::PrivateKey key);

  const pki::Certificate& certificate() const { return anchors_.front(); }
  const pki::PrivateKey& key() const { return key_; }
  // Whom an identity must chain to.
  std::span<const pki::Certificate> anchors() const { return anchors_; }

  struct Terms {
    storage::Time now;
    std::chrono::seconds lifetime;  // cut short where the authority itself ends
    Bytes serial;                   // 16 random bytes
  };
  // An identity with the request's key and whole subject; valid from an hour ago, since devices'
  // clocks are behind. What the request deserves is the caller's decision.
  // Errors: malformed; unavailable when the authority has expired.
  Result<pki::Certificate> issue(const pki::CertificateRequest& request, const Terms& terms) const;

 private:
  CertificateAuthority(pki::Certificate certificate, pki::PrivateKey key);

  std::vector<pki::Certificate> anchors_;
  pki::PrivateKey key_;
};

// Whether a certificate is a device's: chains to `anchors`, is inside its dates, may authenticate a
// client, and is no authority itself, which a root without a restricted purpose would else pass as.
// Errors: unauthorised.
Result<void> verify_identity(const pki::Certificate& certificate,
                             std::span<const pki::Certificate> anchors, pki::Time now);

// Reads ca.pem and ca.key from `folder`, which exists; makes them the first time (RSA-3072, twenty
// years, mode 0600, each file replaced as a whole and synced). A certificate whose key is missing
// is left alone: another authority would strand every device that trusts this one. Errors:
// unavailable, one sentence that names the file.
Result<CertificateAuthority> load_or_create_authority(const std::filesystem::path& folder,
                                                      const Clock& clock, RandomSource& random);

}  // namespace reveille::enrolment
