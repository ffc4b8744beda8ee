#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>

#include "dispatcher/enrolment/certificate_authority.h"
#include "dispatcher/enrolment/counter.h"
#include "dispatcher/enrolment/revocations.h"
#include "dispatcher/enrolment/scep_decision.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/log.h"
#include "dispatcher/runtime/random_source.h"
#include "dispatcher/runtime/storage_lanes.h"
#include "dispatcher/runtime/turns.h"
#include "protocol/http/message.h"
#include "protocol/pki/scep.h"

namespace reveille::enrolment {

struct ScepOptions {
  std::chrono::seconds certificate_lifetime = std::chrono::days(365);
  int rsa_bits_min = 2048;                   // 1024 only for devices that can do no better
  const Revocations* revocations = nullptr;  // outlives the endpoint; nullptr: there are none
  // Requests that wait for the calculations of those before them; more are answered 503.
  std::size_t waiting_max = 4'096;
};

// SCEP (RFC 8894, protocol.md 7.3): GetCACert, GetCACaps, PKIOperation by GET and POST. The
// authority is its own RA.
//
// Durability: a certificate is recorded, and its challenge spent, before it leaves. A challenge has
//             one certificate: its key, asking again because an answer was lost, gets the same,
//             until that is revoked.
// Load:       one message is worked on at a time, the newest first (see Turns); none whose sender
//             has left, so that its challenge stays open for the next attempt.
// Errors:     a refusal is a CertRep with status FAILURE; what is no SCEP message gets 400, trouble
//             of ours 503; so does, with Retry-After, who comes when too many wait. Each is logged
//             once.
// Threads:    one lane; statistics() any. Everything passed by reference outlives it.
class ScepEndpoint {
 public:
  ScepEndpoint(const ScepOptions& options, StorageLanes& storage,
               const CertificateAuthority& authority, const Clock& clock, RandomSource& random,
               Log& log);

  // `request`, `address` (the peer's, for the log) and `has_left` live until the answer.
  boost::asio::awaitable<http::Response> handle(const http::Request& request,
                                                const std::string& address,
                                                const HasLeft& has_left);

  struct Statistics {
    LaneCounter issued;
    LaneCounter renewed;
    std::array<LaneCounter, scep_refusals> refused;  // by ScepRefusal
    LaneCounter postponed;                           // too many waited
    LaneCounter abandoned;                           // the sender had left
  };
  const Statistics& statistics() const { return statistics_; }

 private:
  using Reply = boost::asio::awaitable<http::Response>;

  Reply pki_operation(const Bytes& message, const std::string& address, const HasLeft& has_left);
  http::Response postpone(const std::string& address);
  Reply grant(const pki::scep::Request& request, ScepDecision::Action action,
              const std::string& address);
  ScepSigner signer_of(const pki::scep::Request& request) const;
  bool is_revoked(const pki::Certificate& certificate) const;
  boost::asio::awaitable<Result<pki::Certificate>> spend_challenge(
      const pki::scep::Request& request, const pki::Certificate& issued);
  boost::asio::awaitable<Result<void>> record(const storage::IssuedCertificate& certificate);
  http::Response refuse(const pki::scep::RequestEnvelope& envelope, ScepRefusal refusal,
                        pki::scep::FailInfo fail_info, const std::string& detail,
                        const std::string& address);
  http::Response trouble(const Error& error);

  const ScepOptions options_;
  StorageLanes& storage_;
  const CertificateAuthority& authority_;
  const Clock& clock_;
  RandomSource& random_;
  Log& log_;
  Turns turns_;
  Statistics statistics_;
};

}  // namespace reveille::enrolment
