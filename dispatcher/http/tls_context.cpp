#include "dispatcher/http/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string_view>

#include "dispatcher/http/openssl_error.h"

namespace reveille::http {
namespace {

constexpr std::string_view session_context = "reveille";
// A device that slept overnight resumes; its certificate is judged anew with every request.
constexpr long session_seconds = 12 * 60 * 60;

using ContextPointer =
    std::unique_ptr<SSL_CTX, decltype([](SSL_CTX* context) { SSL_CTX_free(context); })>;

std::unexpected<Error> tls_failure(const std::string& what) {
  return failure(ErrorCode::malformed, what + ": " + take_openssl_reason());
}

// ALPN's wire form: each name behind its length. nullopt: a name of no or too many bytes.
std::optional<std::string> wire_form(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > 255) return std::nullopt;
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  return wire;
}

// Connections keep an SSL_CTX alive after the last TlsContext, so what its callbacks read hangs
// from it and goes with it.
int protocols_index() {
  static const int index = SSL_CTX_get_ex_new_index(
      0, nullptr, nullptr, nullptr, [](void*, void* protocols, CRYPTO_EX_DATA*, int, long, void*) {
        delete static_cast<std::string*>(protocols);
      });
  return index;
}

int choose_protocol(SSL* session, const unsigned char** chosen, unsigned char* chosen_bytes,
                    const unsigned char* offered, unsigned int offered_bytes, void*) {
  const auto* ours = static_cast<const std::string*>(
      SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), protocols_index()));
  unsigned char* selected = nullptr;
  const int found = SSL_select_next_proto(
      &selected, chosen_bytes, reinterpret_cast<const unsigned char*>(ours->data()),
      static_cast<unsigned int>(ours->size()), offered, offered_bytes);
  // RFC 7301 section 3.2: no protocol in common ends the handshake.
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = selected;
  return SSL_TLSEXT_ERR_OK;
}

// The holder proves its key in the handshake; whether its issuer is trusted, the handler decides,
// because only it can answer in HTTP.
int accept_any_chain(X509_STORE_CTX* store, void*) {
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
}

ContextPointer new_context(const SSL_METHOD* method) {
  ContextPointer context(SSL_CTX_new(method));
  if (!context) return context;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // An idle connection keeps no record buffers, a write goes on from wherever its bytes are now,
  // and a record is read with one call rather than its header first.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(context.get(), 1);
  return context;
}

Result<void> use_identity(SSL_CTX* context, const pki::Certificate& leaf,
                          const pki::PrivateKey& key) {
  if (SSL_CTX_use_certificate(context, leaf.native()) != 1) {
    return tls_failure("the certificate cannot be used for TLS");
  }
  if (SSL_CTX_use_PrivateKey(context, key.native()) != 1) {
    return tls_failure("the key does not belong to the certificate");
  }
  return {};
}

void ask_for_client_certificate(SSL_CTX* context, const TlsContext::ServerOptions& options) {
  using ClientCertificate = TlsContext::ServerOptions::ClientCertificate;
  if (options.client_certificate == ClientCertificate::none) return;
  int mode = SSL_VERIFY_PEER;
  if (options.client_certificate == ClientCertificate::required) {
    mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  }
  SSL_CTX_set_verify(context, mode, nullptr);
  SSL_CTX_set_cert_verify_callback(context, accept_any_chain, nullptr);
  for (const pki::Certificate& issuer : options.client_issuers) {
    SSL_CTX_add_client_CA(context, issuer.native());
  }
}

// Sessions travel in tickets, with the client's certificate in them: no memory of ours, and any
// lane that shares the context resumes them.
void resume_by_tickets(SSL_CTX* context) {
  SSL_CTX_set_session_id_context(context,
                                 reinterpret_cast<const unsigned char*>(session_context.data()),
                                 static_cast<unsigned int>(session_context.size()));
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_timeout(context, session_seconds);
  SSL_CTX_set_num_tickets(context, 1);
}

Result<void> trust(SSL_CTX* context, const std::vector<pki::Certificate>& anchors) {
  if (anchors.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) != 1) {
      return tls_failure("the system's certificate store cannot be read");
    }
    return {};
  }
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const pki::Certificate& anchor : anchors) {
    if (X509_STORE_add_cert(store, anchor.native()) != 1) {
      return tls_failure("an anchor cannot be used");
    }
  }
  return {};
}

}  // namespace

std::string take_openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "no reason given" : reason;
}

Result<TlsContext> TlsContext::for_server(const ServerOptions& options) {
  if (options.chain.empty()) {
    return failure(ErrorCode::malformed, "a TLS server needs a certificate");
  }
  ContextPointer context = new_context(TLS_server_method());
  if (!context) return tls_failure("no TLS context");
  Result<void> identity = use_identity(context.get(), options.chain.front(), options.key);
  if (!identity) return std::unexpected(std::move(identity.error()));
  for (std::size_t i = 1; i < options.chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context.get(), options.chain[i].native()) != 1) {
      return tls_failure("a certificate of the chain cannot be used");
    }
  }
  const std::optional<std::string> protocols = wire_form(options.protocols);
  if (!protocols) return failure(ErrorCode::malformed, "a name of ALPN has 1 to 255 bytes");
  if (!protocols->empty()) {
    SSL_CTX_set_ex_data(context.get(), protocols_index(), new std::string(*protocols));
    SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  }
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  ask_for_client_certificate(context.get(), options);
  resume_by_tickets(context.get());
  std::shared_ptr<SSL_CTX> shared(context.release(), SSL_CTX_free);
  return TlsContext(std::move(shared), true);
}

Result<TlsContext> TlsContext::for_client(const ClientOptions& options) {
  ContextPointer context = new_context(TLS_client_method());
  if (!context) return tls_failure("no TLS context");
  Result<void> trusted = trust(context.get(), options.anchors);
  if (!trusted) return std::unexpected(std::move(trusted.error()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (options.certificate.has_value() != options.key.has_value()) {
    return failure(ErrorCode::malformed, "a client certificate and its key come together");
  }
  if (options.certificate) {
    Result<void> identity = use_identity(context.get(), *options.certificate, *options.key);
    if (!identity) return std::unexpected(std::move(identity.error()));
  }
  const std::optional<std::string> protocols = wire_form(options.protocols);
  if (!protocols) return failure(ErrorCode::malformed, "a name of ALPN has 1 to 255 bytes");
  if (!protocols->empty()) {
    SSL_CTX_set_alpn_protos(context.get(),
                            reinterpret_cast<const unsigned char*>(protocols->data()),
                            static_cast<unsigned int>(protocols->size()));
  }
  std::shared_ptr<SSL_CTX> shared(context.release(), SSL_CTX_free);
  return TlsContext(std::move(shared), options.verify_host);
}

}  // namespace reveille::http
