#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "dispatcher/http/watched_socket.h"
#include "protocol/base/error.h"

namespace reveille::http {

// Takes a PROXY header (protocol/http/proxy_header.h) off the front of a connection, and not one
// byte more: what follows is for TLS or HTTP to read. Returns the peer that it names.
// Errors: malformed, unavailable (the peer hung up, the deadline passed).
boost::asio::awaitable<Result<std::optional<std::string>>> take_proxy_header(
    WatchedSocket& socket, WatchedSocket::Deadline deadline);

}  // namespace reveille::http
