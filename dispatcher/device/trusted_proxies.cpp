#include "dispatcher/device/trusted_proxies.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace reveille::device {

Result<TrustedProxies> TrustedProxies::make(const std::vector<std::string>& peers,
                                            std::string header) {
  Result<http::AddressSet> set = http::AddressSet::make(peers);
  if (!set) return std::unexpected(std::move(set.error()));
  TrustedProxies proxies;
  proxies.peers_ = *std::move(set);
  if (!header.empty()) proxies.header_ = std::move(header);
  return proxies;
}

Result<std::optional<std::string_view>> TrustedProxies::certificate_header(
    const http::Request& request, std::string_view peer_address) const {
  if (peers_.empty()) return std::nullopt;
  const auto is_it = [this](const http::Header& header) { return header.name == header_; };
  const auto& headers = request.headers;
  const auto found = std::ranges::find_if(headers, is_it);
  if (found == headers.end() || !peers_.contains(peer_address)) return std::nullopt;
  if (std::find_if(std::next(found), headers.end(), is_it) != headers.end()) {
    return failure(ErrorCode::malformed, header_ + " is there twice");
  }
  return std::string_view(found->value);
}

}  // namespace reveille::device
