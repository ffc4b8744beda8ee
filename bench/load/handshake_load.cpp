#include "bench/load/handshake_load.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string>
#include <utility>

#include "bench/load/loopback_port.h"
#include "dispatcher/http/tls_context.h"

namespace reveille::bench {
namespace {

using Connection = std::unique_ptr<SSL, decltype([](SSL* connection) { SSL_free(connection); })>;
using Ticket =
    std::unique_ptr<SSL_SESSION, decltype([](SSL_SESSION* ticket) { SSL_SESSION_free(ticket); })>;

std::unexpected<Error> failed(const std::string& what) {
  char reason[256] = "no reason given";
  if (const unsigned long code = ERR_get_error(); code != 0) {
    ERR_error_string_n(code, reason, sizeof reason);
  }
  ERR_clear_error();
  return failure(ErrorCode::unavailable, what + ": " + reason);
}

}  // namespace

struct HandshakeLoad::State {
  explicit State(http::TlsContext made) : context(std::move(made)) {
    SSL_CTX* native = context.native();
    SSL_CTX_set_app_data(native, this);
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(native, [](SSL* connection, SSL_SESSION* session) {
      auto* state = static_cast<State*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(connection)));
      state->ticket.reset(session);
      state->ticket_came = true;
      return 1;  // it is ours
    });
    // A read ends behind the ticket instead of waiting for data that never come.
    SSL_CTX_clear_mode(native, SSL_MODE_AUTO_RETRY);
  }

  http::TlsContext context;
  Ticket ticket;
  bool ticket_came = false;
};

HandshakeLoad::HandshakeLoad(std::unique_ptr<State> state) : state_(std::move(state)) {}
HandshakeLoad::~HandshakeLoad() = default;

Result<std::unique_ptr<HandshakeLoad>> HandshakeLoad::make(const SeededFleet& fleet) {
  const SeededIdentity& identity = fleet.identities.front();
  Result<http::TlsContext> context =
      http::TlsContext::for_client({.anchors = {fleet.authority},
                                    .certificate = identity.certificate,
                                    .key = identity.key,
                                    .protocols = {"http/1.1"}});
  if (!context) return std::unexpected(std::move(context.error()));
  auto state = std::make_unique<State>(*std::move(context));
  return std::unique_ptr<HandshakeLoad>(new HandshakeLoad(std::move(state)));
}

void HandshakeLoad::forget_ticket() { state_->ticket.reset(); }

Result<void> HandshakeLoad::shake_hands_once(std::uint16_t port, Handshake kind) {
  const LoopbackSocket socket(port);
  if (socket.descriptor() < 0) return failure(ErrorCode::unavailable, "nobody listens");
  const Connection connection(SSL_new(state_->context.native()));
  SSL_set_fd(connection.get(), socket.descriptor());
  SSL_set_tlsext_host_name(connection.get(), "localhost");
  if (kind == Handshake::resumed) SSL_set_session(connection.get(), state_->ticket.get());
  state_->ticket_came = false;
  if (SSL_connect(connection.get()) != 1) return failed("a handshake failed");
  char nothing = 0;
  while (!state_->ticket_came) {
    if (SSL_peek(connection.get(), &nothing, 1) > 0) continue;
    if (SSL_get_error(connection.get(), -1) != SSL_ERROR_WANT_READ) {
      return failed("the server sent no ticket");
    }
  }
  const bool was_resumed = SSL_session_reused(connection.get()) == 1;
  if (was_resumed != (kind == Handshake::resumed)) {
    return failure(ErrorCode::unavailable, was_resumed ? "a full handshake was a resumed one"
                                                       : "a handshake was not resumed");
  }
  SSL_shutdown(connection.get());
  return {};
}

}  // namespace reveille::bench
