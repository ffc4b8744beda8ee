#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "dispatcher/http/tls_context.h"
#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"

namespace reveille::http {

// A connected byte stream: TCP, a Unix socket, or TLS over TCP. TLS is driven over the socket
// itself (SSL_set_fd, async_wait, SSL_MODE_RELEASE_BUFFERS), so an idle connection holds no
// buffers.
//
// Threads: its lane's alone. One read and one write may be pending at once. Every wait has a
// deadline. Errors: unavailable (peer gone, reset, time-out; the detail says which), unauthorised
// (TLS said no).
class Stream {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  static std::unique_ptr<Stream> over(boost::asio::ip::tcp::socket socket);
  static std::unique_ptr<Stream> over(boost::asio::local::stream_protocol::socket socket);
  static std::unique_ptr<Stream> tls_server(boost::asio::ip::tcp::socket socket,
                                            const TlsContext& context);
  // `host` is sent as SNI and checked when the context says so.
  static std::unique_ptr<Stream> tls_client(boost::asio::ip::tcp::socket socket,
                                            const TlsContext& context, const std::string& host);

  virtual ~Stream() = default;

  // Before all else: takes the PROXY header that a proxy puts before the peer's first byte;
  // peer_address() is the one that it names from then on. Errors: also malformed.
  virtual boost::asio::awaitable<Result<void>> read_proxy_header(Deadline deadline) = 0;

  // TLS: returns when the peer has begun to shake hands, of which nothing is read or calculated
  // yet. Plain: at once.
  virtual boost::asio::awaitable<Result<void>> await_handshake(Deadline deadline) = 0;

  // TLS: before the first read or write. Plain: returns at once.
  virtual boost::asio::awaitable<Result<void>> handshake(Deadline deadline) = 0;

  // At least one byte; 0 when the peer closed in order. `buffer` is written only when the bytes are
  // there, right before the caller goes on, so connections of a lane may share one.
  virtual boost::asio::awaitable<Result<std::size_t>> read_some(std::span<char> buffer,
                                                                Deadline deadline) = 0;
  // All of `bytes`, which the caller keeps alive.
  virtual boost::asio::awaitable<Result<void>> write(BytesView bytes, Deadline deadline) = 0;

  // Tells the peer that nothing more comes (close_notify, FIN), when it can without waiting; reads
  // go on. Closing while the peer still sends would reset the connection, and lose what it has not
  // read yet.
  virtual void end_writing() = 0;
  // Sends close_notify when it can without waiting, closes the socket, and ends pending waits.
  virtual void close() = 0;

  // Closed here, or the peer has closed its side or reset the connection. Nothing is read.
  virtual bool peer_has_left() const = 0;

  virtual std::string protocol() const = 0;  // ALPN's choice; empty without
  virtual std::optional<pki::Certificate> peer_certificate() const = 0;
  virtual std::string peer_address() const = 0;
  virtual std::optional<std::uint32_t> peer_user_id() const = 0;  // Unix sockets
};

}  // namespace reveille::http
