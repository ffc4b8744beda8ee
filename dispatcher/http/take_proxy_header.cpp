#include "dispatcher/http/take_proxy_header.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "protocol/http/proxy_header.h"

namespace reveille::http {
namespace {

namespace asio = boost::asio;

// Of one look; a longer header takes several.
constexpr std::size_t look_bytes = 256;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

Error socket_error() { return {ErrorCode::unavailable, std::generic_category().message(errno)}; }

// Looks at what is there, without taking it, and takes what belongs to the header. nullopt: nothing
// is there.
Result<std::optional<std::size_t>> take_some(int descriptor, ProxyHeaderReader& reader) {
  std::array<char, look_bytes> seen{};
  const ssize_t count = ::recv(descriptor, seen.data(), seen.size(), MSG_PEEK);
  if (count < 0 && (would_block() || errno == EINTR)) return std::nullopt;
  if (count < 0) return std::unexpected(socket_error());
  if (count == 0) return failure(ErrorCode::unavailable, "the peer hung up before a PROXY header");
  const Result<std::size_t> ours =
      reader.feed(BytesView(seen.data(), static_cast<std::size_t>(count)));
  if (!ours) return std::unexpected(ours.error());
  // They are there: this neither waits nor takes fewer.
  if (::recv(descriptor, seen.data(), *ours, 0) != static_cast<ssize_t>(*ours)) {
    return std::unexpected(socket_error());
  }
  return *ours;
}

}  // namespace

asio::awaitable<Result<std::optional<std::string>>> take_proxy_header(
    WatchedSocket& socket, WatchedSocket::Deadline deadline) {
  ProxyHeaderReader reader;
  while (!reader.is_whole()) {
    const Result<std::optional<std::size_t>> taken = take_some(socket.descriptor(), reader);
    if (!taken) co_return std::unexpected(taken.error());
    if (*taken) continue;
    Result<void> ready = co_await socket.wait(asio::socket_base::wait_read,
                                              WatchedSocket::Operation::read, deadline);
    if (!ready) co_return std::unexpected(std::move(ready.error()));
  }
  co_return reader.source();
}

}  // namespace reveille::http
