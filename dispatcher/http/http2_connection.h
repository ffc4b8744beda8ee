#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "dispatcher/http/handler.h"
#include "dispatcher/http/listener_state.h"
#include "dispatcher/http/stream.h"

namespace reveille::http {

// Serves HTTP/2 until the connection ends; handlers of its streams may run on after that, and keep
// alive what they use.
boost::asio::awaitable<void> serve_http2(std::shared_ptr<ListenerState> state,
                                         std::unique_ptr<Stream> stream, Peer peer);

}  // namespace reveille::http
