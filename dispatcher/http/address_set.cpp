#include "dispatcher/http/address_set.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <optional>

namespace reveille::http {
namespace {

namespace ip = boost::asio::ip;

// "192.0.2.7:50123" and "[2001:db8::7]:50123".
std::optional<ip::address> address_of(std::string_view peer) {
  const std::size_t colon = peer.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = peer.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const ip::address address = ip::make_address(std::string(host), error);
  if (error) return std::nullopt;
  // A listener on [::] sees IPv4 peers in this form.
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  }
  return address;
}

bool holds(const ip::network_v4& network, const ip::address_v4& address) {
  return ip::network_v4(address, network.prefix_length()).canonical() == network.canonical();
}

bool holds(const ip::network_v6& network, const ip::address_v6& address) {
  // A link-local peer carries its interface, which the network cannot name.
  const ip::address_v6 plain(address.to_bytes());
  return ip::network_v6(plain, network.prefix_length()).canonical() == network.canonical();
}

}  // namespace

Result<AddressSet> AddressSet::make(const std::vector<std::string>& peers) {
  AddressSet set;
  for (const std::string& peer : peers) {
    if (peer == "unix") {
      set.unix_socket_ = true;
      continue;
    }
    const bool has_prefix = peer.find('/') != std::string::npos;
    const bool is_v6 = peer.find(':') != std::string::npos;
    const std::string network = has_prefix ? peer : peer + (is_v6 ? "/128" : "/32");
    boost::system::error_code error;
    if (is_v6) {
      set.networks_v6_.push_back(ip::make_network_v6(network, error));
    } else {
      set.networks_v4_.push_back(ip::make_network_v4(network, error));
    }
    if (error) {
      return failure(ErrorCode::malformed,
                     "\"" + peer + "\" is neither an address, a network, nor \"unix\"");
    }
  }
  return set;
}

bool AddressSet::contains(std::string_view peer_address) const {
  if (peer_address == "unix") return unix_socket_;
  const auto address = address_of(peer_address);
  if (!address) return false;
  if (address->is_v4()) {
    return std::ranges::any_of(
        networks_v4_, [&](const auto& network) { return holds(network, address->to_v4()); });
  }
  return std::ranges::any_of(networks_v6_,
                             [&](const auto& network) { return holds(network, address->to_v6()); });
}

}  // namespace reveille::http
