#include "dispatcher/enrolment/profile_signer.h"

#include <utility>

namespace reveille::enrolment {

Result<ProfileSigner> make_profile_signer(const CertificateAuthority& authority,
                                          const std::string& organisation, const Clock& clock,
                                          RandomSource& random) {
  Result<pki::PrivateKey> key = pki::PrivateKey::generate_p256();
  if (!key) return std::unexpected(key.error());
  pki::CertificateTemplate contents;
  contents.common_name = "reveille profile signing";
  contents.organisation = organisation;
  contents.serial = random.bytes(16);
  contents.not_before =
      std::chrono::floor<std::chrono::seconds>(clock.wall_now()) - std::chrono::hours(1);
  contents.not_after = authority.certificate().not_after();
  contents.purpose = pki::CertificateTemplate::Purpose::tls_server;
  Result<pki::Certificate> certificate =
      pki::issue(contents, *key, authority.certificate(), authority.key());
  if (!certificate) return std::unexpected(certificate.error());
  return ProfileSigner{.certificate = *std::move(certificate),
                       .key = *std::move(key),
                       .chain = {authority.certificate()}};
}

}  // namespace reveille::enrolment
