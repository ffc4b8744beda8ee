#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "dispatcher/http/handler.h"
#include "dispatcher/http/listener_state.h"
#include "dispatcher/http/stream.h"

namespace reveille::http {

// Serves HTTP/1.1 and 1.0 requests one after the other until the connection ends. Both arguments
// outlive the call, whose coroutine is a frame of the connection's own.
boost::asio::awaitable<void> serve_http1(ListenerState& state, Stream& stream, const Peer& peer);

}  // namespace reveille::http
