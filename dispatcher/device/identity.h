#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "dispatcher/device/refusal.h"
#include "dispatcher/device/trusted_proxies.h"
#include "dispatcher/enrolment/revocations.h"
#include "dispatcher/http/handler.h"
#include "protocol/http/message.h"
#include "protocol/pki/certificate.h"
#include "storage/records.h"

namespace reveille::device {

// Who is calling: the SHA-256 of an identity certificate whose key the caller has proved to hold.
// Nothing has been said yet of the enrolment that it belongs to.
struct Caller {
  storage::Sha256 certificate;
  std::optional<std::string> access_token;  // as the request says, not verified; a secret
};

// Works out the caller of a request: the certificate that TLS brought, the one that a trusted proxy
// passes on (RFC 9440 or URL-escaped PEM; it takes the place of the proxy's own), or the one that
// signed the body (Mdm-Signature); with a signature they must be the same, and it is verified also
// when the others would do. Checks the chain to the authority, the dates, the purpose, and that it
// is not revoked.
//
// Remembers the certificates that it has verified, at most `verified_max`, each until it (or the
// authority) expires: verifying a chain costs more than all the rest of a request.
// Threads: one lane. `anchors` and `revocations` outlive it.
class IdentityVerifier {
 public:
  IdentityVerifier(std::span<const pki::Certificate> anchors, std::size_t verified_max,
                   TrustedProxies proxies = {},
                   const enrolment::Revocations* revocations = nullptr);

  // Whether the head of a request shows anything that verify() could find an identity in. A claim,
  // no proof.
  bool shows_identity(const http::Request& head, const http::Peer& peer) const;

  // `body`: the request's, wherever it is kept.
  std::expected<Caller, Refused> verify(const http::Request& head, const http::Peer& peer,
                                        BytesView body, storage::Time now);

  // Who sends a body that has not come yet, as far as the head proves it: as verify(), but a
  // signature counts without its body, and only when the connection shows no certificate. No
  // answer may rest on this.
  std::expected<Caller, Refused> vouch(const http::Request& head, const http::Peer& peer,
                                       storage::Time now);

 private:
  // Of the proxy that wrote the request, if it is a trusted one.
  Result<std::optional<std::string_view>> proxy_header(const http::Request& request,
                                                       const http::Peer& peer) const;
  std::expected<std::optional<pki::Certificate>, Refused> shown(const http::Request& request,
                                                                const http::Peer& peer) const;
  std::expected<Caller, Refused> trust(const pki::Certificate& certificate, pki::Time now);

  std::span<const pki::Certificate> anchors_;
  pki::Time anchors_until_;
  std::size_t verified_max_;
  TrustedProxies proxies_;
  const enrolment::Revocations* revocations_;                  // nullptr: there are none
  std::unordered_map<std::string, pki::Time> verified_until_;  // by SHA-256 of the certificate
};

}  // namespace reveille::device
