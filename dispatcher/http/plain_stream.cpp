#include <sys/socket.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "dispatcher/http/peer_name.h"
#include "dispatcher/http/stream.h"
#include "dispatcher/http/take_proxy_header.h"
#include "dispatcher/http/watched_socket.h"

namespace reveille::http {
namespace {

namespace asio = boost::asio;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

Error socket_error() { return {ErrorCode::unavailable, std::generic_category().message(errno)}; }

class PlainStream final : public Stream {
 public:
  PlainStream(WatchedSocket::Socket socket, std::string peer_address,
              std::optional<std::uint32_t> peer_user_id)
      : socket_(std::move(socket)),
        peer_address_(std::move(peer_address)),
        peer_user_id_(peer_user_id) {}

  asio::awaitable<Result<void>> read_proxy_header(Deadline deadline) override {
    const auto source = co_await take_proxy_header(socket_, deadline);
    if (!source) co_return std::unexpected(source.error());
    if (*source) peer_address_ = **source;
    co_return Result<void>{};
  }

  asio::awaitable<Result<void>> await_handshake(Deadline) override { co_return Result<void>{}; }
  asio::awaitable<Result<void>> handshake(Deadline) override { co_return Result<void>{}; }

  asio::awaitable<Result<std::size_t>> read_some(std::span<char> buffer,
                                                 Deadline deadline) override {
    if (socket_.owes_a_turn()) co_await socket_.give_turn();
    for (;;) {
      const ssize_t count = ::recv(socket_.descriptor(), buffer.data(), buffer.size(), 0);
      if (count >= 0) co_return static_cast<std::size_t>(count);
      if (errno == EINTR) continue;
      if (!would_block()) co_return std::unexpected(socket_error());
      Result<void> ready = co_await socket_.wait(asio::socket_base::wait_read,
                                                 WatchedSocket::Operation::read, deadline);
      if (!ready) co_return std::unexpected(std::move(ready.error()));
    }
  }

  asio::awaitable<Result<void>> write(BytesView bytes, Deadline deadline) override {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
        continue;
      }
      if (errno == EINTR) continue;
      if (!would_block()) co_return std::unexpected(socket_error());
      Result<void> ready = co_await socket_.wait(asio::socket_base::wait_write,
                                                 WatchedSocket::Operation::write, deadline);
      if (!ready) co_return std::unexpected(std::move(ready.error()));
    }
    co_return Result<void>{};
  }

  void end_writing() override { socket_.end_writing(); }
  void close() override { socket_.close(); }
  bool peer_has_left() const override { return socket_.peer_has_left(); }
  std::string protocol() const override { return {}; }
  std::optional<pki::Certificate> peer_certificate() const override { return std::nullopt; }
  std::string peer_address() const override { return peer_address_; }
  std::optional<std::uint32_t> peer_user_id() const override { return peer_user_id_; }

 private:
  WatchedSocket socket_;
  std::string peer_address_;
  const std::optional<std::uint32_t> peer_user_id_;
};

std::optional<std::uint32_t> user_id_of_peer(int descriptor) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return std::nullopt;
  }
  return credentials.uid;
}

}  // namespace

std::string name_of_peer(const asio::ip::tcp::socket& socket) {
  boost::system::error_code error;
  const asio::ip::tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return {};
  const std::string address = peer.address().to_string();
  const std::string port = std::to_string(peer.port());
  return peer.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

std::unique_ptr<Stream> Stream::over(asio::ip::tcp::socket socket) {
  boost::system::error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  std::string peer = name_of_peer(socket);
  return std::make_unique<PlainStream>(std::move(socket), std::move(peer), std::nullopt);
}

std::unique_ptr<Stream> Stream::over(asio::local::stream_protocol::socket socket) {
  const std::optional<std::uint32_t> user = user_id_of_peer(socket.native_handle());
  return std::make_unique<PlainStream>(std::move(socket), "unix", user);
}

}  // namespace reveille::http
