#include "tools/reveille/tls_files.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "tools/reveille/state_folder.h"

namespace reveille {

namespace {

constexpr std::chrono::days development_validity{365};  // Apple's systems refuse more than 398
constexpr std::chrono::days renew_before{30};

std::unexpected<Error> bad_file(const std::filesystem::path& file, const Error& error) {
  return failure(ErrorCode::unavailable, fmt::format("{}: {}", file.string(), error.detail));
}

bool still_good(const TlsIdentity& identity, const pki::Certificate& authority,
                const std::string& host, pki::Time now) {
  const pki::Certificate& leaf = identity.chain.front();
  return leaf.common_name() == host && leaf.not_after() > now + renew_before &&
         identity.chain.size() == 2 && identity.chain.back() == authority;
}

Result<TlsIdentity> issue_for(const std::string& host, const pki::Certificate& authority,
                              const pki::PrivateKey& authority_key, pki::Time now,
                              RandomSource& random) {
  Result<pki::PrivateKey> key = pki::PrivateKey::generate_p256();
  if (!key) return std::unexpected(std::move(key.error()));
  pki::CertificateTemplate contents;
  contents.common_name = host;
  contents.dns_names = {host};
  if (host == "localhost")
    contents.dns_names.insert(contents.dns_names.end(), {"127.0.0.1", "::1"});
  contents.serial = random.bytes(16);
  contents.not_before = now - std::chrono::hours(1);  // clients' clocks differ
  contents.not_after = now + development_validity;
  contents.purpose = pki::CertificateTemplate::Purpose::tls_server;
  Result<pki::Certificate> certificate = pki::issue(contents, *key, authority, authority_key);
  if (!certificate) return std::unexpected(std::move(certificate.error()));
  return TlsIdentity{.chain = {*std::move(certificate), authority}, .key = *std::move(key)};
}

}  // namespace

Result<std::vector<pki::Certificate>> load_certificates(const std::filesystem::path& file) {
  if (file.empty()) return std::vector<pki::Certificate>{};
  Result<Bytes> pem = read_whole_file(file);
  if (!pem) return std::unexpected(std::move(pem.error()));
  Result<std::vector<pki::Certificate>> certificates = pki::Certificate::all_from_pem(*pem);
  if (!certificates) return bad_file(file, certificates.error());
  return certificates;
}

Result<TlsIdentity> load_tls_identity(const std::filesystem::path& certificate_file,
                                      const std::filesystem::path& key_file) {
  Result<std::vector<pki::Certificate>> chain = load_certificates(certificate_file);
  if (!chain) return std::unexpected(std::move(chain.error()));
  Result<Bytes> pem = read_whole_file(key_file);
  if (!pem) return std::unexpected(std::move(pem.error()));
  Result<pki::PrivateKey> key = pki::PrivateKey::from_pem(*pem);
  if (!key) return bad_file(key_file, key.error());
  if (!chain->front().belongs_to(*key)) {
    return failure(ErrorCode::unavailable,
                   fmt::format("the certificate in {} does not belong to the key in {}; the "
                               "server's own certificate must stand first",
                               certificate_file.string(), key_file.string()));
  }
  return TlsIdentity{.chain = *std::move(chain), .key = *std::move(key)};
}

Result<TlsIdentity> development_tls_identity(const std::filesystem::path& folder,
                                             const std::string& host, const Clock& clock,
                                             RandomSource& random) {
  const Result<TlsIdentity> authority = load_tls_identity(folder / "ca.pem", folder / "ca.key");
  if (!authority) return std::unexpected(authority.error());
  const pki::Certificate& issuer = authority->chain.front();
  const auto now = std::chrono::floor<std::chrono::seconds>(clock.wall_now());
  const std::filesystem::path certificate_file = folder / "server.pem";
  const std::filesystem::path key_file = folder / "server.key";
  if (std::filesystem::exists(certificate_file)) {
    Result<TlsIdentity> stored = load_tls_identity(certificate_file, key_file);
    if (stored && still_good(*stored, issuer, host, now)) return stored;
  }
  Result<TlsIdentity> issued = issue_for(host, issuer, authority->key, now, random);
  if (!issued) return issued;
  Result<void> written = write_private_file(key_file, issued->key.to_pem());
  if (written) {
    written = write_private_file(certificate_file, issued->chain[0].pem() + issued->chain[1].pem());
  }
  if (!written) return std::unexpected(std::move(written.error()));
  return issued;
}

std::string host_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  std::string authority = scheme == std::string::npos ? url : url.substr(scheme + 3);
  if (authority.starts_with('[')) return authority.substr(1, authority.find(']') - 1);
  return authority.substr(0, authority.find(':'));
}

}  // namespace reveille
