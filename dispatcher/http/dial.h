#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "dispatcher/http/stream.h"
#include "dispatcher/http/tls_context.h"
#include "protocol/base/error.h"

namespace reveille::http {

// A server that we are a client of.
struct DialTarget {
  std::string host;  // a name, or an address without brackets
  std::uint16_t port = 0;
  std::optional<TlsContext> tls;  // nullopt: plain HTTP
};

// Asks DNS and connects, one address after the other, and shakes hands when there is TLS. Runs in
// the calling coroutine's executor, which must be a lane's. `target` outlives the call.
// Errors: unavailable (the detail says which); unauthorised when TLS said no.
boost::asio::awaitable<Result<std::unique_ptr<Stream>>> dial(const DialTarget& target,
                                                             Stream::Deadline deadline);

}  // namespace reveille::http
