#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "dispatcher/device/identity.h"
#include "dispatcher/device/parts.h"
#include "dispatcher/http/spool.h"
#include "protocol/http/message.h"

namespace reveille::device {

// What came, in memory or in a file.
struct ReceivedReport {
  Bytes bytes;
  std::shared_ptr<const http::SpoolFile> file;  // nullptr: in `bytes`
};

// Answers one connect request (protocol.md section 4) from a caller whose certificate is verified:
// 200 with the next command's exact bytes, or with zero bytes when there is nothing to do. The
// report is durable before the answer; see run_exchange() for the rules.
//
// Takes `body`, since the store keeps it; `address` lives until the answer.
boost::asio::awaitable<http::Response> handle_connect(Parts& parts, ReceivedReport body,
                                                      const Caller& caller,
                                                      const std::string& address);

}  // namespace reveille::device
