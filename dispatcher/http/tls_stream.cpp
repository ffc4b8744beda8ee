#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/address.hpp>
#include <system_error>
#include <utility>

#include "dispatcher/http/openssl_error.h"
#include "dispatcher/http/peer_name.h"
#include "dispatcher/http/socket_bio.h"
#include "dispatcher/http/stream.h"
#include "dispatcher/http/take_proxy_header.h"
#include "dispatcher/http/watched_socket.h"
#include "protocol/base/ensure.h"

namespace reveille::http {
namespace {

namespace asio = boost::asio;
using Operation = WatchedSocket::Operation;

using SessionPointer = std::unique_ptr<SSL, decltype([](SSL* session) { SSL_free(session); })>;

class TlsStream final : public Stream {
 public:
  TlsStream(asio::ip::tcp::socket socket, const TlsContext& context);

  void be_server() { SSL_set_accept_state(session_.get()); }
  void be_client(const std::string& host, bool verify_host);

  asio::awaitable<Result<void>> read_proxy_header(Deadline deadline) override;
  asio::awaitable<Result<void>> await_handshake(Deadline deadline) override;
  asio::awaitable<Result<void>> handshake(Deadline deadline) override;
  asio::awaitable<Result<std::size_t>> read_some(std::span<char> buffer,
                                                 Deadline deadline) override;
  asio::awaitable<Result<void>> write(BytesView bytes, Deadline deadline) override;
  void end_writing() override;
  void close() override;

  bool peer_has_left() const override { return socket_.peer_has_left(); }
  std::string protocol() const override;
  std::optional<pki::Certificate> peer_certificate() const override;
  std::string peer_address() const override { return peer_address_; }
  std::optional<std::uint32_t> peer_user_id() const override { return std::nullopt; }

 private:
  asio::awaitable<Result<void>> wait(int need, Operation operation, Deadline deadline);
  Error why_failed(int verdict, const char* doing);
  void say_goodbye();

  std::string peer_address_;
  SocketEnd end_;  // before the session, whose BIO points to it
  SessionPointer session_;
  WatchedSocket socket_;
  bool broken_ = false;  // OpenSSL allows no call on the session after a fatal error
};

WatchedSocket::Socket without_delay(asio::ip::tcp::socket socket) {
  boost::system::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  return WatchedSocket::Socket(std::move(socket));
}

TlsStream::TlsStream(asio::ip::tcp::socket socket, const TlsContext& context)
    : peer_address_(name_of_peer(socket)),
      session_(SSL_new(context.native())),
      socket_(without_delay(std::move(socket))) {
  ensure(session_ != nullptr, "OpenSSL has memory for a session");
  end_.descriptor = socket_.descriptor();
  BIO* bio = make_socket_bio(end_);
  ensure(bio != nullptr, "OpenSSL has memory for a BIO");
  SSL_set_bio(session_.get(), bio, bio);
}

void TlsStream::be_client(const std::string& host, bool verify_host) {
  SSL_set_connect_state(session_.get());
  boost::system::error_code not_an_address;
  (void)asio::ip::make_address(host, not_an_address);
  // RFC 6066 section 3: no literal addresses in SNI.
  if (not_an_address) SSL_set_tlsext_host_name(session_.get(), host.c_str());
  if (!verify_host) return;
  X509_VERIFY_PARAM* parameters = SSL_get0_param(session_.get());
  if (not_an_address) {
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    X509_VERIFY_PARAM_set1_host(parameters, host.data(), host.size());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str());
  }
}

asio::awaitable<Result<void>> TlsStream::read_proxy_header(Deadline deadline) {
  const auto source = co_await take_proxy_header(socket_, deadline);
  if (!source) {
    broken_ = true;  // no TLS has begun: no close_notify
    co_return std::unexpected(source.error());
  }
  if (*source) peer_address_ = **source;
  co_return Result<void>{};
}

asio::awaitable<Result<void>> TlsStream::await_handshake(Deadline deadline) {
  return socket_.wait(asio::socket_base::wait_read, Operation::read, deadline);
}

asio::awaitable<Result<void>> TlsStream::handshake(Deadline deadline) {
  for (;;) {
    if (!socket_.is_open())
      co_return failure(ErrorCode::unavailable, "closed before the handshake");
    ERR_clear_error();
    const int outcome = SSL_do_handshake(session_.get());
    if (outcome == 1) co_return Result<void>{};
    const int verdict = SSL_get_error(session_.get(), outcome);
    if (verdict != SSL_ERROR_WANT_READ && verdict != SSL_ERROR_WANT_WRITE) {
      co_return std::unexpected(why_failed(verdict, "TLS handshake"));
    }
    Result<void> ready = co_await wait(verdict, Operation::read, deadline);
    if (!ready) {
      broken_ = true;  // half a handshake: no close_notify
      co_return failure(ready.error().code, "TLS handshake: " + ready.error().detail);
    }
  }
}

asio::awaitable<Result<std::size_t>> TlsStream::read_some(std::span<char> buffer,
                                                          Deadline deadline) {
  if (socket_.owes_a_turn()) co_await socket_.give_turn();
  for (;;) {
    if (broken_ || !socket_.is_open()) {
      co_return failure(ErrorCode::unavailable, "the connection is closed");
    }
    ERR_clear_error();
    std::size_t count = 0;
    const int outcome = SSL_read_ex(session_.get(), buffer.data(), buffer.size(), &count);
    if (outcome == 1) co_return count;
    const int verdict = SSL_get_error(session_.get(), outcome);
    if (verdict == SSL_ERROR_ZERO_RETURN) co_return std::size_t{0};
    if (verdict != SSL_ERROR_WANT_READ && verdict != SSL_ERROR_WANT_WRITE) {
      co_return std::unexpected(why_failed(verdict, "TLS read"));
    }
    Result<void> ready = co_await wait(verdict, Operation::read, deadline);
    if (!ready) co_return std::unexpected(std::move(ready.error()));
  }
}

asio::awaitable<Result<void>> TlsStream::write(BytesView bytes, Deadline deadline) {
  while (!bytes.empty()) {
    if (broken_ || !socket_.is_open()) {
      co_return failure(ErrorCode::unavailable, "the connection is closed");
    }
    ERR_clear_error();
    std::size_t count = 0;
    const int outcome = SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &count);
    if (outcome == 1) {
      bytes.remove_prefix(count);
      continue;
    }
    const int verdict = SSL_get_error(session_.get(), outcome);
    if (verdict != SSL_ERROR_WANT_READ && verdict != SSL_ERROR_WANT_WRITE) {
      co_return std::unexpected(why_failed(verdict, "TLS write"));
    }
    Result<void> ready = co_await wait(verdict, Operation::write, deadline);
    if (!ready) {
      broken_ = true;  // half a record may be out: nothing can follow it
      co_return std::unexpected(std::move(ready.error()));
    }
  }
  co_return Result<void>{};
}

// `need` is what OpenSSL lacks, whichever way the operation itself goes: a key update or a new
// session's messages may make a write read and a read write.
asio::awaitable<Result<void>> TlsStream::wait(int need, Operation operation, Deadline deadline) {
  const auto readiness =
      need == SSL_ERROR_WANT_READ ? asio::socket_base::wait_read : asio::socket_base::wait_write;
  if (need == SSL_ERROR_WANT_READ) end_.drained = false;
  return socket_.wait(readiness, operation, deadline);
}

Error TlsStream::why_failed(int verdict, const char* doing) {
  broken_ = true;
  const std::string what = std::string(doing) + ": ";
  if (verdict == SSL_ERROR_SYSCALL || end_.error != 0 || end_.ended) {
    ERR_clear_error();
    if (end_.error == 0) return {ErrorCode::unavailable, what + "the peer hung up"};
    return {ErrorCode::unavailable, what + std::generic_category().message(end_.error)};
  }
  const long verification = SSL_get_verify_result(session_.get());
  std::string reason = take_openssl_reason();
  if (verification != X509_V_OK) {
    reason += std::string(" (") + X509_verify_cert_error_string(verification) + ")";
  }
  return {ErrorCode::unauthorised, what + reason};
}

// The close_notify goes into the socket's buffer or nowhere: nobody waits for it.
void TlsStream::say_goodbye() {
  if (broken_ || SSL_is_init_finished(session_.get()) != 1) return;
  if ((SSL_get_shutdown(session_.get()) & SSL_SENT_SHUTDOWN) == 0) SSL_shutdown(session_.get());
  ERR_clear_error();
}

void TlsStream::end_writing() {
  if (!socket_.is_open()) return;
  say_goodbye();
  socket_.end_writing();
}

void TlsStream::close() {
  if (!socket_.is_open()) return;
  say_goodbye();
  broken_ = true;
  socket_.close();
}

std::string TlsStream::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int bytes = 0;
  SSL_get0_alpn_selected(session_.get(), &name, &bytes);
  return std::string(reinterpret_cast<const char*>(name), bytes);
}

std::optional<pki::Certificate> TlsStream::peer_certificate() const {
  std::shared_ptr<X509> certificate(SSL_get1_peer_certificate(session_.get()), X509_free);
  if (!certificate) return std::nullopt;
  return pki::Certificate(std::move(certificate));
}

}  // namespace

std::unique_ptr<Stream> Stream::tls_server(asio::ip::tcp::socket socket,
                                           const TlsContext& context) {
  auto stream = std::make_unique<TlsStream>(std::move(socket), context);
  stream->be_server();
  return stream;
}

std::unique_ptr<Stream> Stream::tls_client(asio::ip::tcp::socket socket, const TlsContext& context,
                                           const std::string& host) {
  auto stream = std::make_unique<TlsStream>(std::move(socket), context);
  stream->be_client(host, context.verify_host());
  return stream;
}

}  // namespace reveille::http
