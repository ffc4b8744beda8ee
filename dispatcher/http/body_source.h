#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"

namespace reveille::http {

// The body of an answer that is too long to be held: read part by part while it is sent. HTTP/2
// gathers it first: what answers with such bodies has few callers, who choose HTTP/1.1.
// Threads: the connection's lane.
class BodySource {
 public:
  virtual ~BodySource() = default;

  virtual std::uint64_t bytes() const = 0;  // of all parts
  // The next part, not empty. After an error the connection ends: the peer sees that bytes are
  // missing.
  virtual boost::asio::awaitable<Result<Bytes>> next() = 0;
};

}  // namespace reveille::http
