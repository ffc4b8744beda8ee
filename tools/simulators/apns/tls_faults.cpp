#include "tools/simulators/apns/tls_faults.h"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>

#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"

namespace reveille::simulators::apns {
namespace {

struct Pair {
  std::vector<pki::Certificate> chain;
  pki::PrivateKey key;
};

// OpenSSL turns what is wrong with a certificate into the alert that says so: RFC 8446 section 6.2.
template <int error>
int refuse_chain(X509_STORE_CTX* store, void*) {
  X509_STORE_CTX_set_error(store, error);
  return 0;
}

template <int alert>
int refuse_hello(SSL*, int* chosen, void*) {
  *chosen = alert;
  return SSL_CLIENT_HELLO_ERROR;
}

void answer_with_alert(SSL_CTX* context, std::string_view alert) {
  SSL_CTX_set_num_tickets(context, 0);  // nobody resumes past the alert
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  const auto refuse = [context](auto callback) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(context, callback, nullptr);
  };
  if (alert == "certificate_expired") refuse(refuse_chain<X509_V_ERR_CERT_HAS_EXPIRED>);
  if (alert == "certificate_revoked") refuse(refuse_chain<X509_V_ERR_CERT_REVOKED>);
  if (alert == "unknown_ca") refuse(refuse_chain<X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY>);
  if (alert == "bad_certificate") refuse(refuse_chain<X509_V_ERR_CERT_SIGNATURE_FAILURE>);
  if (alert == "handshake_failure") {
    SSL_CTX_set_client_hello_cb(context, refuse_hello<SSL_AD_HANDSHAKE_FAILURE>, nullptr);
  }
  if (alert == "internal_error") {
    SSL_CTX_set_client_hello_cb(context, refuse_hello<SSL_AD_INTERNAL_ERROR>, nullptr);
  }
}

Result<Pair> parse_pair(const Identity& identity) {
  auto chain = pki::Certificate::all_from_pem(identity.certificate_chain);
  if (!chain) return std::unexpected(std::move(chain.error()));
  auto key = pki::PrivateKey::from_pem(identity.key);
  if (!key) return std::unexpected(std::move(key.error()));
  return Pair{.chain = *std::move(chain), .key = *std::move(key)};
}

Result<Pair> read_pair(const Handshake& handshake) {
  Result<std::string> chain = read_file(handshake.certificate_file);
  if (!chain) return std::unexpected(std::move(chain.error()));
  Result<std::string> key = read_file(handshake.key_file);
  if (!key) return std::unexpected(std::move(key.error()));
  return parse_pair({.certificate_chain = *std::move(chain), .key = *std::move(key)});
}

// For another name, by nobody whom the provider trusts.
Result<Pair> make_self_signed() {
  auto key = pki::PrivateKey::generate_p256();
  if (!key) return std::unexpected(std::move(key.error()));
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const pki::CertificateTemplate contents{.common_name = "not-apple.invalid",
                                          .organisation = "",
                                          .user_id = std::nullopt,
                                          .dns_names = {"not-apple.invalid"},
                                          .serial = Bytes(16, '\x2a'),
                                          .not_before = now - std::chrono::hours(1),
                                          .not_after = now + std::chrono::hours(24 * 365),
                                          .purpose = pki::CertificateTemplate::Purpose::tls_server};
  auto certificate = pki::issue_self_signed(contents, *key);
  if (!certificate) return std::unexpected(std::move(certificate.error()));
  return Pair{.chain = {*std::move(certificate)}, .key = *std::move(key)};
}

Result<Pair> choose_pair(const Identity& usual, const Handshake& handshake) {
  switch (handshake.certificate) {
    case Handshake::Certificate::good:
      return parse_pair(usual);
    case Handshake::Certificate::self_signed:
      return make_self_signed();
    case Handshake::Certificate::other:
      return read_pair(handshake);
  }
  return parse_pair(usual);
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return failure(ErrorCode::unavailable,
                   "cannot read " + path.string() + ": " + std::strerror(errno));
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<http::TlsContext> make_tls(const Identity& usual, const Handshake& handshake) {
  Result<Pair> pair = choose_pair(usual, handshake);
  if (!pair) return std::unexpected(std::move(pair.error()));
  const http::TlsContext::ServerOptions options{
      .chain = std::move(pair->chain),
      .key = std::move(pair->key),
      .protocols = {"h2"},
      .client_certificate = http::TlsContext::ServerOptions::ClientCertificate::optional,
      .client_issuers = {}};
  Result<http::TlsContext> context = http::TlsContext::for_server(options);
  if (context && !handshake.alert.empty()) answer_with_alert(context->native(), handshake.alert);
  return context;
}

}  // namespace reveille::simulators::apns
