#pragma once

#include <boost/asio/awaitable.hpp>

#include "dispatcher/device/identity.h"
#include "dispatcher/device/parts.h"
#include "protocol/http/message.h"
#include "protocol/mdm/check_in.h"

namespace reveille::device {

// Answers both messages of a user's login; see user_authenticate.h. `message` and `sender` live
// until the answer.
boost::asio::awaitable<http::Response> handle_user_authenticate(
    Parts& parts, const mdm::UserAuthenticate& message, const Caller& caller, const Sender& sender);

}  // namespace reveille::device
