#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/error.h"

namespace reveille::apns {

// CONNECT to `host` through an HTTP proxy at the other end of `socket` (RFC 9110 section 9.3.6);
// afterwards the socket speaks to the host. The caller sets a deadline by closing the socket.
// Errors: unavailable, with the proxy's status.
boost::asio::awaitable<Result<void>> open_tunnel(boost::asio::ip::tcp::socket& socket,
                                                 std::string host, std::uint16_t port);

// The request, and the verdict on an answer's head so far: nullopt while it is not whole.
std::string tunnel_request(const std::string& host, std::uint16_t port);
std::optional<Result<void>> judge_tunnel_answer(std::string_view head);

}  // namespace reveille::apns
