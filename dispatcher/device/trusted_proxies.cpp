#include "dispatcher/device/trusted_proxies.h"

#include <utility>

namespace reveille::device {
namespace {

constexpr std::string_view rfc9440_header = "client-cert";

}  // namespace

Result<TrustedProxies> TrustedProxies::make(const std::vector<std::string>& peers,
                                            std::string header) {
  Result<http::AddressSet> set = http::AddressSet::make(peers);
  if (!set) return std::unexpected(std::move(set.error()));
  TrustedProxies proxies;
  proxies.peers_ = *std::move(set);
  proxies.header_ = std::move(header);
  return proxies;
}

std::optional<std::string_view> TrustedProxies::certificate_header(
    const http::Request& request, std::string_view peer_address) const {
  if (peers_.empty()) return std::nullopt;
  auto header = request.header(rfc9440_header);
  if (!header && !header_.empty()) header = request.header(header_);
  if (!header || !peers_.contains(peer_address)) return std::nullopt;
  return header;
}

}  // namespace reveille::device
