#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"

using SSL_CTX = struct ssl_ctx_st;

namespace reveille::http {

// The settings that TLS connections share; immutable once made, so lanes may share it too.
class TlsContext {
 public:
  struct ServerOptions {
    std::vector<pki::Certificate> chain;  // leaf first
    pki::PrivateKey key;
    std::vector<std::string> protocols;  // ALPN in our order of preference: "h2", "http/1.1"
    enum class ClientCertificate {
      none,
      optional,
      required
    } client_certificate = ClientCertificate::optional;
    // The names of issuers told to clients, so that they choose the right identity.
    std::vector<pki::Certificate> client_issuers;
  };
  // TLS 1.2 and 1.3; the client's key is proved, its chain is left to the handler. Sessions are
  // resumed by tickets, client certificate included.
  // Errors: malformed (key and certificate do not match, a bad name of ALPN, ...).
  static Result<TlsContext> for_server(const ServerOptions& options);

  struct ClientOptions {
    std::vector<pki::Certificate> anchors;  // empty: the system's store
    std::optional<pki::Certificate> certificate;
    std::optional<pki::PrivateKey> key;
    std::vector<std::string> protocols;
    bool verify_host = true;  // the name given to Stream::tls_client must match
  };
  static Result<TlsContext> for_client(const ClientOptions& options);

  SSL_CTX* native() const { return context_.get(); }
  bool verify_host() const { return verify_host_; }

 private:
  TlsContext(std::shared_ptr<SSL_CTX> context, bool verify_host)
      : context_(std::move(context)), verify_host_(verify_host) {}

  std::shared_ptr<SSL_CTX> context_;  // shared as OpenSSL shares it, by count
  bool verify_host_;
};

}  // namespace reveille::http
