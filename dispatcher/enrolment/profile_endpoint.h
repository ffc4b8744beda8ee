#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "dispatcher/enrolment/certificate_authority.h"
#include "dispatcher/enrolment/counter.h"
#include "dispatcher/enrolment/profile_signer.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/log.h"
#include "dispatcher/runtime/storage_lanes.h"
#include "protocol/http/message.h"
#include "protocol/profile/enrolment_profile.h"

namespace reveille::enrolment {

struct ProfileOptions {
  std::string public_url;  // "https://mdm.example.com:8443"; no path
  std::string organisation = "reveille";
  bool sign_message = false;  // devices also sign each request: needed behind a TLS proxy
  bool gives_tokens = false;  // GetToken is answered; no device asks for one unless it is told
  // nullopt: profiles go out as plain XML, which some simulators need.
  std::optional<ProfileSigner> signer;
};

// The profile for one link: identifier and payloads are the same for all devices, so that a later
// profile replaces this one; its UUID and the identity's subject belong to the link.
profile::EnrolmentProfile make_enrolment_profile(const ProfileOptions& options,
                                                 const pki::Certificate& root,
                                                 const std::string& challenge,
                                                 const std::string& topic);

// GET or HEAD /enrol/<challenge>: the enrolment profile of an open challenge. Nothing is spent by
// looking. To HEAD the connection sends the head of the same answer.
//
// Errors:  404 with a text for people when the challenge is unknown, expired or spent; 503 when no
//          push certificate is stored (its text names the command that sets one) or on our trouble.
// Threads: one lane; statistics() any. Everything passed by reference outlives it.
class ProfileEndpoint {
 public:
  ProfileEndpoint(const ProfileOptions& options, StorageLanes& storage,
                  const CertificateAuthority& authority, const Clock& clock, Log& log);

  // `request` lives until the answer; `challenge` is the path's last segment, as sent.
  boost::asio::awaitable<http::Response> handle(const http::Request& request,
                                                std::string_view challenge);

  struct Statistics {
    LaneCounter served;
    LaneCounter refused;
  };
  const Statistics& statistics() const { return statistics_; }

 private:
  http::Response serve(const std::string& challenge, const std::string& topic);

  const ProfileOptions options_;
  StorageLanes& storage_;
  const CertificateAuthority& authority_;
  const Clock& clock_;
  Log& log_;
  Statistics statistics_;
};

}  // namespace reveille::enrolment
