#include "bench/load/tls_handshake_cost.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>

#include "bench/load/cpu_clock.h"

namespace reveille::bench {
namespace {

using Session = std::unique_ptr<SSL, decltype([](SSL* session) { SSL_free(session); })>;

// Two sessions whose bytes go through a pair of buffers in memory.
struct Pair {
  Pair(const http::TlsContext& server_context, const http::TlsContext& client_context)
      : server(SSL_new(server_context.native())), client(SSL_new(client_context.native())) {
    BIO* of_server = nullptr;
    BIO* of_client = nullptr;
    BIO_new_bio_pair(&of_server, 64 * 1024, &of_client, 64 * 1024);
    SSL_set_bio(server.get(), of_server, of_server);
    SSL_set_bio(client.get(), of_client, of_client);
    SSL_set_accept_state(server.get());
    SSL_set_connect_state(client.get());
    SSL_set_tlsext_host_name(client.get(), "localhost");
  }

  Session server, client;
};

}  // namespace

Result<double> handshake_cost(const http::TlsContext& server, const http::TlsContext& client,
                              int times) {
  double seconds = 0;
  for (int i = 0; i < times; ++i) {
    Pair pair(server, client);
    bool server_done = false;
    constexpr int flights_max = 16;
    for (int flight = 0; flight < flights_max && !server_done; ++flight) {
      SSL_do_handshake(pair.client.get());
      const double start = thread_cpu_seconds();
      server_done = SSL_do_handshake(pair.server.get()) == 1;
      seconds += thread_cpu_seconds() - start;
    }
    ERR_clear_error();
    if (!server_done) return failure(ErrorCode::unavailable, "a handshake in memory failed");
  }
  return seconds * 1e6 / times;
}

}  // namespace reveille::bench
