#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <span>
#include <string>
#include <unordered_map>

#include "dispatcher/device/refusal.h"
#include "dispatcher/http/handler.h"
#include "protocol/http/message.h"
#include "protocol/pki/certificate.h"
#include "storage/records.h"

namespace reveille::device {

// Who is calling: the SHA-256 of an identity certificate whose key the caller has proved to hold.
// Nothing has been said yet of the enrolment that it belongs to.
struct Caller {
  storage::Sha256 certificate;
};

// Works out the caller of a request: the certificate that TLS brought, or the one that signed the
// body (Mdm-Signature); with both they must be the same, and a signature is verified also when TLS
// would do. Checks the chain to the authority, the dates and the purpose.
//
// Remembers the certificates that it has verified, at most `verified_max`, each until it (or the
// authority) expires: verifying a chain costs more than all the rest of a request.
// Threads: one lane. `anchors` outlives it.
class IdentityVerifier {
 public:
  IdentityVerifier(std::span<const pki::Certificate> anchors, std::size_t verified_max);

  std::expected<Caller, Refused> verify(const http::Request& request, const http::Peer& peer,
                                        storage::Time now);

 private:
  std::expected<Caller, Refused> trust(const pki::Certificate& certificate, pki::Time now);

  std::span<const pki::Certificate> anchors_;
  pki::Time anchors_until_;
  std::size_t verified_max_;
  std::unordered_map<std::string, pki::Time> verified_until_;  // by SHA-256 of the certificate
};

}  // namespace reveille::device
