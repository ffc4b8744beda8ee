#include "tools/reveille/device_services.h"

#include <cctype>
#include <string>
#include <utility>

#include "protocol/pki/authentication_code.h"
#include "tools/reveille/state_folder.h"
#include "tools/reveille/tls_files.h"

namespace reveille {

namespace {

std::unexpected<Error> named(const std::string& where, const Error& error) {
  return failure(ErrorCode::unavailable, where + ": " + error.detail);
}

Result<device::TokenServices> tokens_of(const Configuration::Tokens& options,
                                        const std::filesystem::path& folder) {
  device::TokenServices tokens;
  auto maid = maid_service(options);
  if (!maid) return std::unexpected(std::move(maid.error()));
  tokens.maid = *std::move(maid);
  if (options.watch_pairing) {
    const Result<Bytes> secret = read_whole_file(folder / "secret.key");
    if (!secret) return std::unexpected(secret.error());
    // A key for this alone: whoever learns it cannot unseal the database.
    tokens.watch_pairing = device::WatchPairingService{
        .key = pki::authentication_code(*secret, "watch pairing tokens"),
        .lifetime = std::chrono::seconds(options.watch_pairing_seconds)};
  }
  return tokens;
}

Result<std::optional<Bytes>> optional_file(const std::filesystem::path& file) {
  if (file.empty()) return std::nullopt;
  Result<Bytes> contents = read_whole_file(file);
  if (!contents) return std::unexpected(std::move(contents.error()));
  return *std::move(contents);
}

Result<std::optional<mdm::ReturnToServiceAnswer>> return_to_service_of(
    const Configuration::ReturnToService& options) {
  if (!options.enabled) return std::nullopt;
  auto wifi = optional_file(options.wifi_profile_file);
  if (!wifi) return std::unexpected(std::move(wifi.error()));
  auto mdm = optional_file(options.mdm_profile_file);
  if (!mdm) return std::unexpected(std::move(mdm.error()));
  return mdm::ReturnToServiceAnswer{.enabled = true,
                                    .wifi_profile = *std::move(wifi),
                                    .mdm_profile = *std::move(mdm),
                                    .bootstrap_token = std::nullopt};
}

Result<std::optional<device::DeclarationForwarderOptions>> declarations_of(
    const Configuration::Declarations& options) {
  auto parsed = declaration_url(options);
  if (!parsed) return named("declarations.url", parsed.error());
  std::optional<device::DeclarationUrl>& url = *parsed;
  if (!url) return std::nullopt;
  device::DeclarationForwarderOptions forwarder;
  if (url->tls) {
    http::TlsContext::ClientOptions tls;
    auto anchors = load_certificates(options.anchors_file);
    if (!anchors) return std::unexpected(std::move(anchors.error()));
    tls.anchors = *std::move(anchors);
    tls.protocols = {"http/1.1"};
    auto context = http::TlsContext::for_client(tls);
    if (!context) return named("declarations.anchors_file", context.error());
    forwarder.tls = *std::move(context);
  }
  forwarder.url = *std::move(url);
  forwarder.send_key = options.send_key;
  forwarder.receive_key = options.receive_key;
  forwarder.timeout = std::chrono::seconds(options.timeout_seconds);
  return forwarder;
}

}  // namespace

Result<device::UserAuthentication> user_authentication(const Configuration::Users& options) {
  device::UserAuthentication users;
  users.realm = options.realm;
  users.nonce_lifetime = std::chrono::seconds(options.nonce_seconds);
  if (options.policy == "refuse") return users;
  if (options.policy == "accept") {
    users.policy = device::UserPolicy::accept;
    return users;
  }
  users.policy = device::UserPolicy::digest;
  const Result<Bytes> text = read_whole_file(options.digest_file);
  if (!text) return std::unexpected(text.error());
  auto digests = device::UserDigests::parse(*text, options.realm);
  if (!digests) return named(options.digest_file.string(), digests.error());
  users.directory = std::make_shared<device::UserDigests>(*std::move(digests));
  return users;
}

Result<std::optional<device::MaidService>> maid_service(const Configuration::Tokens& options) {
  if (options.maid_key_file.empty()) return std::nullopt;
  const Result<Bytes> pem = read_whole_file(options.maid_key_file);
  if (!pem) return std::unexpected(pem.error());
  auto key = pki::PrivateKey::from_pem(*pem);
  if (!key) return named(options.maid_key_file.string(), key.error());
  if (!key->is_rsa()) {
    return failure(ErrorCode::unavailable,
                   options.maid_key_file.string() + ": Apple takes RSA keys only");
  }
  return device::MaidService{.server_uuid = options.maid_server_uuid, .key = *std::move(key)};
}

Result<std::optional<device::DeclarationUrl>> declaration_url(
    const Configuration::Declarations& options) {
  if (options.url.empty()) return std::nullopt;
  return device::parse_declaration_url(options.url);
}

Result<device::Services> device_services(const Configuration& configuration,
                                         const std::filesystem::path& folder) {
  auto users = user_authentication(configuration.users);
  if (!users) return std::unexpected(std::move(users.error()));
  auto tokens = tokens_of(configuration.tokens, folder);
  if (!tokens) return std::unexpected(std::move(tokens.error()));
  auto service = return_to_service_of(configuration.return_to_service);
  if (!service) return std::unexpected(std::move(service.error()));
  auto declarations = declarations_of(configuration.declarations);
  if (!declarations) return std::unexpected(std::move(declarations.error()));
  return device::Services{.users = *std::move(users),
                          .tokens = *std::move(tokens),
                          .return_to_service = *std::move(service),
                          .declarations = *std::move(declarations),
                          .access_tokens = nullptr};
}

Result<device::TrustedProxies> trusted_proxies(const Configuration& configuration) {
  std::string header = configuration.device.proxy_certificate_header;
  for (char& letter : header) {
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  auto proxies = device::TrustedProxies::make(trusted_peers(configuration), std::move(header));
  if (!proxies) return named("device.trusted_proxies", proxies.error());
  return proxies;
}

}  // namespace reveille
