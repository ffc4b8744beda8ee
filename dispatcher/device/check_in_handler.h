#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "dispatcher/device/identity.h"
#include "dispatcher/device/parts.h"
#include "protocol/http/message.h"

namespace reveille::device {

// Answers one check-in message (protocol.md section 3) from a caller whose certificate is verified.
//
//   Authenticate, TokenUpdate, CheckOut,
//   SetBootstrapToken                     200 with an empty body, once it is durable
//   GetBootstrapToken                     200 with the token, or with an empty value: none is there
//   UserAuthenticate                      by policy: see user_authenticate.h
//   GetToken                              200 with TokenData; 400 for a service that is not here
//   DeclarativeManagement                 what the declaration server says; 501 without one: the
//                                         device keeps what it has, and asks again
//   ReturnToService                       as configured, or 400
//
// `body` and `address` live until the answer.
boost::asio::awaitable<http::Response> handle_check_in(Parts& parts, const Bytes& body,
                                                       const Caller& caller,
                                                       const std::string& address);

}  // namespace reveille::device
