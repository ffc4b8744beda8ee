#include "dispatcher/device/device_endpoint.h"

#include <utility>

#include "dispatcher/device/check_in_handler.h"
#include "dispatcher/device/connect_handler.h"
#include "dispatcher/device/route.h"
#include "dispatcher/enrolment/text_response.h"
#include "protocol/base/ensure.h"

namespace reveille::device {
namespace {

enrolment::ScepOptions scep_options(const DeviceEndpointOptions& options) {
  return {.certificate_lifetime = options.certificate_lifetime,
          .rsa_bits_min = options.rsa_bits_min,
          .revocations = options.revocations};
}

enrolment::ProfileOptions profile_options(const DeviceEndpointOptions& options,
                                          const enrolment::CertificateAuthority& authority,
                                          const Clock& clock, RandomSource& random) {
  enrolment::ProfileOptions profile;
  profile.public_url = options.public_url;
  profile.organisation = options.organisation;
  profile.sign_message = options.sign_message;
  const TokenServices& tokens = options.services.tokens;
  profile.gives_tokens = tokens.maid.has_value() || tokens.watch_pairing.has_value();
  if (!options.sign_profile) return profile;
  profile.signer = options.profile_signer;
  if (profile.signer) return profile;
  auto signer = enrolment::make_profile_signer(authority, options.organisation, clock, random);
  ensure(signer.has_value(), "the authority can issue a certificate to sign profiles with");
  profile.signer = *std::move(signer);
  return profile;
}

}  // namespace

DeviceEndpoint::DeviceEndpoint(const DeviceEndpointOptions& options, StorageLanes& storage,
                               std::function<void(storage::Partition)> notify_wakes,
                               const enrolment::CertificateAuthority& authority, const Clock& clock,
                               RandomSource& random, Log& log)
    : services_(options.services),
      parts_{.rules = {.timeouts = options.timeouts, .authorisation = options.authorisation},
             .storage = storage,
             .notify_wakes = std::move(notify_wakes),
             .clock = clock,
             .log = log,
             .statistics = statistics_,
             .services = services_,
             .declarations = nullptr,
             .random = random},
      identities_(authority.anchors(), options.verified_certificates_max, options.proxies,
                  options.revocations),
      scep_(scep_options(options), storage, authority, clock, random, log),
      profiles_(profile_options(options, authority, clock, random), storage, authority, clock,
                log) {
  const bool asks = services_.users.policy == UserPolicy::digest;
  ensure(!asks || services_.users.directory, "digests are verified by a directory");
  parts_.rules.authorisation.demand_auth_token = asks;
  if (!services_.declarations) return;
  declarations_.emplace(*services_.declarations);
  parts_.declarations = &*declarations_;
}

std::size_t DeviceEndpoint::body_bytes_max(const http::Request& head,
                                           const http::Peer& peer) const {
  const bool is_message = route_of(head) == Route::message;
  if (is_message && identities_.shows_identity(head, peer)) {
    return http::Handler::body_bytes_max(head, peer);
  }
  return body_bytes_max_of_strangers;
}

boost::asio::awaitable<http::Response> DeviceEndpoint::handle(http::Request request,
                                                              const http::Peer& peer) {
  switch (route_of(request)) {
    case Route::message:
      co_return co_await handle_message(std::move(request), peer);
    case Route::scep:
      statistics_.count(RequestKind::scep);
      co_return co_await scep_.handle(request, peer.address);
    case Route::profile:
      statistics_.count(RequestKind::profile);
      co_return co_await profiles_.handle(request, challenge_of(request));
    case Route::wrong_method:
      co_return method_not_allowed("PUT, POST");
    case Route::not_found:
      break;
  }
  co_return text_response(404, "there is nothing here");
}

boost::asio::awaitable<http::Response> DeviceEndpoint::handle_message(http::Request request,
                                                                      const http::Peer& peer) {
  // Before the body is parsed: whoever has no identity of ours reaches no parser of ours.
  const auto caller = identities_.verify(request, peer, parts_.clock.wall_now());
  if (!caller) {
    statistics_.count(RequestKind::unreadable);
    const Sender sender{.message = "unread", .enrolment = nullptr, .address = peer.address};
    co_return refuse(parts_, caller.error(), sender);
  }
  if (is_check_in(request)) {
    co_return co_await handle_check_in(parts_, request.body, *caller, peer.address);
  }
  Bytes body = std::move(request.body);
  co_return co_await handle_connect(parts_, std::move(body), *caller, peer.address);
}

StatisticsReading DeviceEndpoint::statistics() const {
  StatisticsReading reading = read(statistics_);
  reading.certificates_issued = scep_.statistics().issued.value();
  reading.certificates_renewed = scep_.statistics().renewed.value();
  for (const LaneCounter& refused : scep_.statistics().refused) {
    reading.scep_refused += refused.value();
  }
  reading.profiles_served = profiles_.statistics().served.value();
  reading.profiles_refused = profiles_.statistics().refused.value();
  return reading;
}

}  // namespace reveille::device
