#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "dispatcher/http/address_set.h"
#include "dispatcher/http/handler.h"
#include "dispatcher/http/tls_context.h"
#include "dispatcher/runtime/log.h"
#include "protocol/base/error.h"
#include "protocol/http/http2_server_session.h"

namespace reveille::http {

struct ListenerOptions {
  // TCP: address and port (0: any free one).
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  // The port is one that this process listens on already: the kernel spreads connections over all
  // who do (SO_REUSEPORT). Otherwise a port that anybody listens on is refused.
  bool shares_port = false;
  // Or a Unix socket; a stale file of a dead process is replaced.
  std::optional<std::filesystem::path> unix_path = {};
  mode_t unix_mode = 0600;
  std::optional<TlsContext> tls =
      {};  // nullopt: plain HTTP (HTTP/2 by prior knowledge is not taken)

  // Others are closed at once; nullopt: whoever connects may.
  std::optional<AddressSet> admitted = {};
  // Connections from these must begin with a PROXY header, which takes part of handshake_timeout.
  AddressSet proxy_protocol_from = {};

  std::size_t connections_max = 10'000;    // of this listener; more are closed at once
  std::size_t request_line_bytes_max = 16 * 1024;  // 414 above, if less than the whole head's
  std::size_t head_bytes_max = 32 * 1024;          // 431 above
  std::size_t body_bytes_max = 32u << 20;          // 413 above, and above Handler::body_bytes_max()
  // Of all requests of this listener that are arriving or being answered (BodyBudget); 503 above,
  // with Retry-After. At least twice body_bytes_max.
  std::size_t bodies_bytes_max = 256u << 20;
  std::chrono::milliseconds handshake_timeout{10'000};
  std::chrono::milliseconds request_timeout{
      60'000};                                      // from a request's first byte to its last: 408
  std::chrono::milliseconds idle_timeout{300'000};  // between requests: closed without a word
  std::chrono::milliseconds write_timeout{30'000};
  Http2ServerLimits http2 = {};
  // Of one HTTP/2 connection's answers; requests above are refused as REFUSED_STREAM, which says
  // that they may be sent again.
  std::size_t answers_waiting_bytes_max = 16u << 20;
};

// Accepts connections on one lane and serves them: HTTP/1.1 (Beast's parser) and HTTP/2 (nghttp2)
// by ALPN. A request that breaks HTTP gets its 4xx from here and never reaches the handler.
//
// Destroyed on its lane, or while that does not run: open connections are closed, and their
// coroutines end with the lane's next turn or with the io_context.
// Threads: the lane's own, but for port() and statistics().
class Listener {
 public:
  // `handler` and `log` outlive the lane's io_context run. Errors: unavailable (address in use,
  // ...).
  static Result<std::unique_ptr<Listener>> open(boost::asio::io_context& lane,
                                                const ListenerOptions& options, Handler& handler,
                                                Log& log);
  virtual ~Listener() = default;

  virtual std::uint16_t port() const = 0;

  // Certificates change without dropping a connection: those that come later use it.
  virtual void replace_tls(TlsContext context) = 0;

  // Takes no more; HTTP/2 peers get GOAWAY, HTTP/1.1 ones "Connection: close" with their next
  // answer; idle ones are closed. Post it to the lane.
  virtual void drain() = 0;

  struct Statistics {
    std::uint64_t connections = 0;  // open now
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;  // above connections_max, or not admitted
    std::uint64_t handshakes_failed = 0;
    std::uint64_t requests = 0;
    std::uint64_t requests_malformed = 0;  // answered here with 4xx
  };
  virtual Statistics statistics() const = 0;
};

}  // namespace reveille::http
