#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/http/message.h"

namespace reveille::device {

// The proxies in front of us that end TLS and pass the client's certificate on in a header. From
// anybody else the header means nothing: anybody can write one. Whoever is trusted must take away
// what a client sends under that name.
class TrustedProxies {
 public:
  TrustedProxies() = default;  // trusts nobody

  // `peers`: "192.0.2.7", "192.0.2.0/24", "2001:db8::/32", or "unix" for whoever reaches our Unix
  // socket. `header`: lower case; beside it Client-Cert (RFC 9440) is always read.
  // Errors: malformed, naming the one that is no address.
  static Result<TrustedProxies> make(const std::vector<std::string>& peers, std::string header);

  // The header with the certificate, when the peer ("192.0.2.7:50123", "unix") is trusted and has
  // sent one. Borrowed from the request.
  std::optional<std::string_view> certificate_header(const http::Request& request,
                                                     std::string_view peer_address) const;

 private:
  bool trusts(std::string_view peer_address) const;

  std::vector<boost::asio::ip::network_v4> networks_v4_;
  std::vector<boost::asio::ip::network_v6> networks_v6_;
  bool unix_socket_ = false;
  std::string header_;
};

}  // namespace reveille::device
