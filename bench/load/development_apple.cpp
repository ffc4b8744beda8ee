#include "bench/load/development_apple.h"

#include "dispatcher/runtime/random_source.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"
#include "tools/reveille/state_folder.h"

namespace reveille::bench {
namespace {

struct Issued {
  pki::Certificate certificate;
  pki::PrivateKey key;
};

pki::CertificateTemplate contents_for(std::string common_name,
                                      pki::CertificateTemplate::Purpose purpose,
                                      RandomSource& random) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return {.common_name = std::move(common_name),
          .organisation = "",
          .user_id = std::nullopt,
          .dns_names = {},
          .serial = random.bytes(16),
          .not_before = now - std::chrono::hours(1),
          .not_after = now + std::chrono::hours(24 * 30),
          .purpose = purpose};
}

Result<Issued> issue_with(const pki::CertificateTemplate& contents, const Issued& authority) {
  Result<pki::PrivateKey> key = pki::PrivateKey::generate_p256();
  if (!key) return std::unexpected(std::move(key.error()));
  Result<pki::Certificate> certificate =
      pki::issue(contents, *key, authority.certificate, authority.key);
  if (!certificate) return std::unexpected(std::move(certificate.error()));
  return Issued{.certificate = *std::move(certificate), .key = *std::move(key)};
}

Result<Issued> make_authority(RandomSource& random) {
  Result<pki::PrivateKey> key = pki::PrivateKey::generate_p256();
  if (!key) return std::unexpected(std::move(key.error()));
  const auto contents =
      contents_for("Development Apple", pki::CertificateTemplate::Purpose::authority, random);
  Result<pki::Certificate> certificate = pki::issue_self_signed(contents, *key);
  if (!certificate) return std::unexpected(std::move(certificate.error()));
  return Issued{.certificate = *std::move(certificate), .key = *std::move(key)};
}

}  // namespace

Result<DevelopmentApple> make_development_apple(const std::filesystem::path& folder) {
  using Purpose = pki::CertificateTemplate::Purpose;
  SystemRandomSource random;
  Result<Issued> authority = make_authority(random);
  if (!authority) return std::unexpected(std::move(authority.error()));

  pki::CertificateTemplate server_contents = contents_for("localhost", Purpose::tls_server, random);
  server_contents.dns_names = {"localhost", "127.0.0.1"};
  Result<Issued> server = issue_with(server_contents, *authority);
  if (!server) return std::unexpected(std::move(server.error()));

  DevelopmentApple apple{.topic = "com.apple.mgmt.External." + random.uuid(),
                         .authority_file = folder / "apple.pem",
                         .server_certificate_file = folder / "apns.pem",
                         .server_key_file = folder / "apns.key",
                         .push_certificate_pem = {}};
  pki::CertificateTemplate push_contents =
      contents_for("APSP:development", Purpose::tls_client, random);
  push_contents.user_id = apple.topic;
  Result<Issued> push = issue_with(push_contents, *authority);
  if (!push) return std::unexpected(std::move(push.error()));
  apple.push_certificate_pem = push->certificate.pem() + push->key.to_pem();

  Result<void> written = write_private_file(apple.authority_file, authority->certificate.pem());
  if (written) {
    written = write_private_file(apple.server_certificate_file, server->certificate.pem());
  }
  if (written) written = write_private_file(apple.server_key_file, server->key.to_pem());
  if (!written) return std::unexpected(std::move(written.error()));
  return apple;
}

}  // namespace reveille::bench
