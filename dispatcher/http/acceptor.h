#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <memory>
#include <optional>

#include "dispatcher/http/listener.h"
#include "dispatcher/http/stream.h"
#include "dispatcher/http/tls_context.h"
#include "protocol/base/error.h"

namespace reveille::http {

// A listening socket, TCP or Unix.
class Acceptor {
 public:
  // Errors: unavailable (address in use, no right to it, a file that is no stale socket, ...).
  static Result<std::unique_ptr<Acceptor>> open(boost::asio::io_context& lane,
                                                const ListenerOptions& options);
  virtual ~Acceptor() = default;

  virtual std::uint16_t port() const = 0;  // 0: Unix

  // The next connection, before any handshake; nullptr with `error` set.
  virtual boost::asio::awaitable<std::unique_ptr<Stream>> accept(
      const std::optional<TlsContext>& tls, boost::system::error_code& error) = 0;
  virtual void close() = 0;  // ends a pending accept(); removes a Unix socket's file
};

}  // namespace reveille::http
