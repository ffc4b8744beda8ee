#pragma once

#include <boost/asio/awaitable.hpp>

#include "dispatcher/device/check_in_work.h"
#include "dispatcher/device/parts.h"
#include "protocol/http/message.h"
#include "protocol/mdm/check_in.h"

namespace reveille::device {

// What an authorised check-in message is answered, once what it changed is durable. All live until
// the answer.
boost::asio::awaitable<http::Response> answer_check_in(Parts& parts, const mdm::CheckIn& message,
                                                       const CheckedIn& done,
                                                       const Sender& sender);

}  // namespace reveille::device
