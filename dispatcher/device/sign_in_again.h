#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "dispatcher/device/identity.h"
#include "dispatcher/device/parts.h"
#include "protocol/http/message.h"
#include "protocol/mdm/check_in.h"

namespace reveille::device {

// Whether the user of an account-driven enrolment has to sign in again: nullopt when not, else the
// answer. This is the only place that answers a device 401, always with the WWW-Authenticate by
// which it knows that this is no order to unenrol (protocol.md section 7.6, 10).
//
// iOS, iPadOS and visionOS send their bearer token with every message, macOS on user channels
// alone: a Mac's device channel is not asked. `authenticate` is the message when it is that one,
// since nothing is stored of the device yet.
boost::asio::awaitable<std::optional<http::Response>> sign_in_again(
    Parts& parts, const mdm::Identity& identity, const mdm::Authenticate* authenticate,
    const Caller& caller, const Sender& sender);

}  // namespace reveille::device
