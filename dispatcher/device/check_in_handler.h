#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "dispatcher/device/identity.h"
#include "dispatcher/device/parts.h"
#include "protocol/http/message.h"

namespace reveille::device {

// Answers one check-in message (protocol.md section 3) from a caller whose certificate is verified.
//
//   Authenticate, TokenUpdate, CheckOut   200 with an empty body, once it is durable
//   GetBootstrapToken                     200 with an empty body: none is escrowed
//   UserAuthenticate                      410: network users are not managed
//   GetToken                              400: we know no token service
//   SetBootstrapToken,
//   DeclarativeManagement                 501: nothing is lost, the device keeps it and asks again
//
// `body` and `address` live until the answer.
boost::asio::awaitable<http::Response> handle_check_in(Parts& parts, const Bytes& body,
                                                       const Caller& caller,
                                                       const std::string& address);

}  // namespace reveille::device
