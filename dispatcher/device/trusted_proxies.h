#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dispatcher/http/address_set.h"
#include "protocol/base/error.h"
#include "protocol/http/message.h"

namespace reveille::device {

// The proxies in front of us that end TLS and pass the client's certificate on in a header. From
// anybody else the header means nothing: anybody can write one. Whoever is trusted must take away
// what a client sends under that name.
class TrustedProxies {
 public:
  TrustedProxies() = default;  // trusts nobody

  // `header`: the one that is read, in lower case; "": Client-Cert (RFC 9440).
  // Errors: those of AddressSet::make().
  static Result<TrustedProxies> make(const std::vector<std::string>& peers, std::string header);

  const http::AddressSet& peers() const { return peers_; }

  // The header with the certificate, when the peer ("192.0.2.7:50123", "unix") is trusted and has
  // sent one. Borrowed from the request.
  // Errors: malformed when it is there twice: one of them is a client's own.
  Result<std::optional<std::string_view>> certificate_header(const http::Request& request,
                                                             std::string_view peer_address) const;

 private:
  http::AddressSet peers_;
  std::string header_ = "client-cert";
};

}  // namespace reveille::device
