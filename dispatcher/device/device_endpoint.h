#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/device/identity.h"
#include "dispatcher/device/parts.h"
#include "dispatcher/device/statistics.h"
#include "dispatcher/enrolment/certificate_authority.h"
#include "dispatcher/enrolment/profile_endpoint.h"
#include "dispatcher/enrolment/scep_endpoint.h"
#include "dispatcher/http/handler.h"
#include "dispatcher/http/spool.h"
#include "dispatcher/runtime/random_source.h"

namespace reveille::device {

struct DeviceEndpointOptions {
  std::string public_url;  // "https://mdm.example.com:8443": what devices reach us by; no path
  std::string organisation = "reveille";
  bool sign_profile = true;
  // Who signs; nullopt: a certificate that the authority issues for it (make_profile_signer()).
  // Make one and share it between lanes.
  std::optional<enrolment::ProfileSigner> profile_signer;
  bool sign_message = false;  // devices also sign each request: needed behind a TLS proxy

  std::chrono::seconds certificate_lifetime = std::chrono::days(365);
  int rsa_bits_min = 2048;
  AuthorisationRules authorisation;
  ExchangeTimeouts timeouts;
  Services services;
  TrustedProxies proxies;
  const enrolment::Revocations* revocations = nullptr;  // nullptr: nothing is revoked
  http::Spool* spool = nullptr;                    // for long reports; nullptr: they stay in memory
  std::size_t verified_certificates_max = 10'000;  // remembered; about 150 bytes each
};

// All that devices talk to: /mdm, /checkin, /scep, /enrol/<challenge>; 404 elsewhere. One for each
// network lane.
//
// Never answers 403, and 401 only where sign_in_again.h says. What came is durable before a 2xx.
// Threads: the lane's own, but for statistics(). Everything passed by reference outlives it.
class DeviceEndpoint final : public http::Handler {
 public:
  // `notify_wakes` is WakeLanes::notify(), called from the lane after commits.
  DeviceEndpoint(const DeviceEndpointOptions& options, StorageLanes& storage,
                 std::function<void(storage::Partition)> notify_wakes,
                 const enrolment::CertificateAuthority& authority, const Clock& clock,
                 RandomSource& random, Log& log);

  boost::asio::awaitable<http::Response> handle(http::Request request,
                                                const http::Peer& peer) override;

  // Answers of devices that show an identity may be long; nothing else is.
  static constexpr std::size_t body_bytes_max_of_strangers = 256 * 1024;
  std::size_t body_bytes_max(const http::Request& head, const http::Peer& peer) const override;

  // Whoever the head does not vouch for is refused before the body has come, and so is one who
  // sends uploads_of_one_caller_max already: a copied signature must not fill the spool. (A Mac's
  // users share its certificate.)
  static constexpr std::ptrdiff_t uploads_of_one_caller_max = 4;
  http::LongBodyPlace find_place(const http::Request& head, const http::Peer& peer) override;

  StatisticsReading statistics() const;  // any thread

 private:
  boost::asio::awaitable<http::Response> handle_message(http::Request request,
                                                        const http::Peer& peer);
  std::expected<Caller, Refused> verify(const http::Request& head, const http::Peer& peer,
                                        const http::SpoolFile& body);
  http::Response refuse_unread(const Refused& refused, const http::Peer& peer);

  Statistics statistics_;
  Services services_;
  std::optional<DeclarationForwarder> declarations_;
  Parts parts_;
  IdentityVerifier identities_;
  http::Spool* spool_;
  struct Upload {
    storage::Sha256 certificate;
    std::weak_ptr<http::LongBody> body;
  };
  std::vector<Upload> uploads_;  // that arrive or are being answered, and some that were
  enrolment::ScepEndpoint scep_;
  enrolment::ProfileEndpoint profiles_;
};

}  // namespace reveille::device
