#pragma once

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/error.h"

namespace reveille::http {

// Peers by address. Empty: nobody.
class AddressSet {
 public:
  // "192.0.2.7", "192.0.2.0/24", "2001:db8::/32", or "unix" for whoever reaches our Unix socket.
  // Errors: malformed, naming the one that is no address.
  static Result<AddressSet> make(const std::vector<std::string>& peers);

  bool empty() const { return !unix_socket_ && !has_addresses(); }
  bool has_addresses() const { return !networks_v4_.empty() || !networks_v6_.empty(); }
  bool has_unix_socket() const { return unix_socket_; }

  // As Peer::address names one: "192.0.2.7:50123", "[2001:db8::7]:50123", "unix".
  bool contains(std::string_view peer_address) const;

 private:
  std::vector<boost::asio::ip::network_v4> networks_v4_;
  std::vector<boost::asio::ip::network_v6> networks_v6_;
  bool unix_socket_ = false;
};

}  // namespace reveille::http
