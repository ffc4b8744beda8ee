#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "dispatcher/device/identity.h"
#include "dispatcher/device/parts.h"
#include "protocol/http/message.h"

namespace reveille::device {

// Answers one connect request (protocol.md section 4) from a caller whose certificate is verified:
// 200 with the next command's exact bytes, or with zero bytes when there is nothing to do. The
// report is durable before the answer; see run_exchange() for the rules.
//
// Takes `body`, since the store keeps it; `address` lives until the answer.
boost::asio::awaitable<http::Response> handle_connect(Parts& parts, Bytes body,
                                                      const Caller& caller,
                                                      const std::string& address);

}  // namespace reveille::device
