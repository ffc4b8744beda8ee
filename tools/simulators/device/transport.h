#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "dispatcher/http/tls_context.h"
#include "protocol/base/error.h"
#include "protocol/http/message.h"
#include "tools/simulators/device/options.h"

namespace reveille::simulators::device {

// Where an https URL leads.
struct Url {
  std::string host;
  std::string port;    // "443" when the URL has none
  std::string target;  // path and query, at least "/"
  std::string authority() const;
};
Result<Url> parse_url(const std::string& text);

// One device's connection: opened when first needed, kept between requests, opened anew when the
// server has closed it. One request at a time.
class Transport {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  virtual ~Transport() = default;
  // Errors: unavailable; whether the server has seen the request is unknown then.
  virtual boost::asio::awaitable<Result<http::Response>> exchange(http::Request request,
                                                                  Deadline deadline) = 0;
};

// `target` names host and port only. The context decides on identity and trust.
std::unique_ptr<Transport> make_transport(boost::asio::io_context& lane, HttpVersion version,
                                          const Url& target, http::TlsContext tls);

}  // namespace reveille::simulators::device
