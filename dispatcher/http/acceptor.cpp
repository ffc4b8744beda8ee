#include "dispatcher/http/acceptor.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <filesystem>
#include <string>
#include <utility>

namespace reveille::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Local = asio::local::stream_protocol;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

std::unexpected<Error> cannot_listen(const std::string& where, const std::string& why) {
  return failure(ErrorCode::unavailable, "cannot listen on " + where + ": " + why);
}

class TcpAcceptor final : public Acceptor {
 public:
  explicit TcpAcceptor(tcp::acceptor acceptor)
      : acceptor_(std::move(acceptor)), port_(acceptor_.local_endpoint().port()) {}

  std::uint16_t port() const override { return port_; }

  asio::awaitable<std::unique_ptr<Stream>> accept(const std::optional<TlsContext>& tls,
                                                  error_code& error) override {
    tcp::socket socket =
        co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return nullptr;
    if (!tls) co_return Stream::over(std::move(socket));
    co_return Stream::tls_server(std::move(socket), *tls);
  }

  void close() override {
    error_code ignored;
    acceptor_.close(ignored);
  }

 private:
  tcp::acceptor acceptor_;
  const std::uint16_t port_;
};

// Which file it is, so that the successor's is not taken for ours.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

FileIdentity identity_of(const std::filesystem::path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

class LocalAcceptor final : public Acceptor {
 public:
  LocalAcceptor(Local::acceptor acceptor, std::filesystem::path path)
      : acceptor_(std::move(acceptor)), path_(std::move(path)), file_(identity_of(path_)) {}
  ~LocalAcceptor() override { remove(); }

  std::uint16_t port() const override { return 0; }

  asio::awaitable<std::unique_ptr<Stream>> accept(const std::optional<TlsContext>&,
                                                  error_code& error) override {
    Local::socket socket =
        co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return nullptr;
    co_return Stream::over(std::move(socket));
  }

  void close() override {
    error_code ignored;
    acceptor_.close(ignored);
    remove();
  }

 private:
  void remove() {
    if (file_ != FileIdentity{} && identity_of(path_) == file_) ::unlink(path_.c_str());
    file_ = {};
  }

  Local::acceptor acceptor_;
  const std::filesystem::path path_;
  FileIdentity file_;
};

Result<std::unique_ptr<Acceptor>> open_tcp(asio::io_context& lane, const ListenerOptions& options) {
  const std::string where = options.address + " port " + std::to_string(options.port);
  error_code error;
  const asio::ip::address address = asio::ip::make_address(options.address, error);
  if (error) return cannot_listen(where, "the address is neither IPv4 nor IPv6");
  const tcp::endpoint endpoint(address, options.port);
  if (!options.shares_port && options.port != 0) {
    // With SO_REUSEPORT alone we would join another daemon of the same user, and share its devices.
    tcp::acceptor probe(lane);
    probe.open(endpoint.protocol(), error);
    if (!error) probe.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) probe.bind(endpoint, error);
    if (error) return cannot_listen(where, error.message());
  }
  tcp::acceptor acceptor(lane);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return cannot_listen(where, error.message());
  return std::make_unique<TcpAcceptor>(std::move(acceptor));
}

// A file that a dead process left behind refuses connections; anything else is not ours to remove.
Result<void> remove_stale_socket(asio::io_context& lane, const std::filesystem::path& path) {
  std::error_code missing;
  const std::filesystem::file_status status = std::filesystem::symlink_status(path, missing);
  if (status.type() == std::filesystem::file_type::not_found) return {};
  if (status.type() != std::filesystem::file_type::socket) {
    return cannot_listen(path.string(), "the file exists and is no socket");
  }
  Local::socket probe(lane);
  error_code error;
  probe.connect(Local::endpoint(path.string()), error);
  if (!error) return cannot_listen(path.string(), "another process listens there");
  if (error != asio::error::connection_refused)
    return cannot_listen(path.string(), error.message());
  if (::unlink(path.c_str()) != 0) {
    return cannot_listen(path.string(), "the stale socket cannot be removed");
  }
  return {};
}

Result<std::unique_ptr<Acceptor>> open_local(asio::io_context& lane,
                                             const std::filesystem::path& path, mode_t mode) {
  if (path.native().size() >= sizeof(sockaddr_un::sun_path)) {
    return cannot_listen(path.string(), "the path is longer than a socket's may be");
  }
  Result<void> free = remove_stale_socket(lane, path);
  if (!free) return std::unexpected(std::move(free.error()));
  Local::acceptor acceptor(lane);
  error_code error;
  acceptor.open(Local(), error);
  // Linux makes the file with the socket's own mode, so it is closed to others from the start.
  if (!error && ::fchmod(acceptor.native_handle(), mode) != 0) {
    error = error_code(errno, boost::system::generic_category());
  }
  if (!error) acceptor.bind(Local::endpoint(path.string()), error);
  if (!error) acceptor.listen(Local::acceptor::max_listen_connections, error);
  if (error) return cannot_listen(path.string(), error.message());
  return std::make_unique<LocalAcceptor>(std::move(acceptor), path);
}

}  // namespace

Result<std::unique_ptr<Acceptor>> Acceptor::open(asio::io_context& lane,
                                                 const ListenerOptions& options) {
  if (options.unix_path) return open_local(lane, *options.unix_path, options.unix_mode);
  return open_tcp(lane, options);
}

}  // namespace reveille::http
