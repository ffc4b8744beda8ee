#pragma once

#include <string>
#include <vector>

#include "dispatcher/enrolment/certificate_authority.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/random_source.h"
#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"

namespace reveille::enrolment {

// Who signs enrolment profiles. A device calls a profile verified when this chains to a root that
// it trusts already, as a public web server's certificate does; with ours it is readable, and
// verified once the root is installed.
struct ProfileSigner {
  pki::Certificate certificate;
  pki::PrivateKey key;
  std::vector<pki::Certificate> chain;  // without the certificate itself
};

// A fresh P-256 key with a certificate of the authority, valid as long as the authority. It is no
// client certificate: it cannot pass as a device's identity.
Result<ProfileSigner> make_profile_signer(const CertificateAuthority& authority,
                                          const std::string& organisation, const Clock& clock,
                                          RandomSource& random);

}  // namespace reveille::enrolment
