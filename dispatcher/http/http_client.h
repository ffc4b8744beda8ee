#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>

#include "dispatcher/http/stream.h"
#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/http/message.h"

namespace reveille::http {

// The client's end of an HTTP/1.1 connection (RFC 9112): one request at a time, in order.
class Http1Client {
 public:
  // `stream` is connected, its handshake done, and outlives the client. Of an answer's body no more
  // than `body_bytes_max` is taken.
  explicit Http1Client(Stream& stream, std::size_t body_bytes_max = 64u << 20)
      : stream_(stream), body_bytes_max_(body_bytes_max) {}

  // Sends the request and reads the whole answer; 1xx answers are skipped. Host and Content-Length
  // are added. Requires reusable(). `request` outlives the call.
  // Errors: those of Stream; malformed (no HTTP, or a larger answer than it takes).
  boost::asio::awaitable<Result<Response>> request(const Request& request,
                                                   Stream::Deadline deadline);

  // Whether another request may follow: not after an error, nor when either side said "close".
  bool reusable() const { return reusable_; }

 private:
  boost::asio::awaitable<Result<Response>> read_response(bool head, Stream::Deadline deadline);

  Stream& stream_;
  const std::size_t body_bytes_max_;
  Bytes received_;  // not parsed yet
  bool reusable_ = true;
};

}  // namespace reveille::http
