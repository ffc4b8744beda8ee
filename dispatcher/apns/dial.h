#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dispatcher/apns/address_book.h"
#include "dispatcher/apns/dial_limit.h"
#include "dispatcher/http/stream.h"
#include "dispatcher/http/tls_context.h"
#include "protocol/base/error.h"

namespace reveille::apns {

struct DialTarget {
  std::string host;
  std::uint16_t port = 443;
  std::string proxy_host;  // empty: none
  std::uint16_t proxy_port = 0;
  http::TlsContext tls;
  std::vector<boost::asio::ip::address> in_use;  // of connections that are open
  std::uint64_t seed = 0;
  http::Stream::Deadline deadline;
};

struct Dialled {
  std::unique_ptr<http::Stream> stream;
  boost::asio::ip::address address;
};

// Asks DNS, connects (through the proxy when there is one), and shakes hands; one address after the
// other, each with half of the time that is left, the last with all of it, and as many as `limit`
// allows, which counts each. The names are looked up anew each time, as Apple asks.
// Errors: unavailable; unauthorised when TLS said no, at once: other addresses would say it too.
// Threads: the lane's. `addresses` and `limit` outlive the call.
boost::asio::awaitable<Result<Dialled>> dial(boost::asio::io_context& lane, AddressBook& addresses,
                                             DialLimit& limit, DialTarget target);

// The part after DNS: `candidates` in their order.
boost::asio::awaitable<Result<Dialled>> dial_one_of(
    boost::asio::io_context& lane, std::vector<boost::asio::ip::address> candidates,
    AddressBook& addresses, DialLimit& limit, DialTarget target);

// A TLS alert by which the peer refused our certificate: dialling again cannot help.
bool refuses_certificate(const Error& error);

}  // namespace reveille::apns
