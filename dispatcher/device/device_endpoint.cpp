#include "dispatcher/device/device_endpoint.h"

#include <algorithm>
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
      spool_(options.spool),
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

http::LongBodyPlace DeviceEndpoint::find_place(const http::Request& head, const http::Peer& peer) {
  const auto caller = identities_.vouch(head, peer, parts_.clock.wall_now());
  if (!caller) return std::unexpected(refuse_unread(caller.error(), peer).status);
  if (spool_ == nullptr || !is_report_by_head(head)) return nullptr;
  std::erase_if(uploads_, [](const Upload& one) { return one.body.expired(); });
  if (std::ranges::count(uploads_, caller->certificate, &Upload::certificate) >=
      uploads_of_one_caller_max) {
    const Refused refused{.refusal = Refusal::overloaded,
                          .detail = "the device sends too many long reports at a time"};
    return std::unexpected(refuse_unread(refused, peer).status);
  }
  auto file = spool_->open();
  if (file) {
    uploads_.push_back({.certificate = caller->certificate, .body = *file});
    return *std::move(file);
  }
  const Refused refused{.refusal = Refusal::unavailable, .detail = file.error().detail};
  return std::unexpected(refuse_unread(refused, peer).status);
}

http::Response DeviceEndpoint::refuse_unread(const Refused& refused, const http::Peer& peer) {
  statistics_.count(RequestKind::unreadable);
  const Sender sender{.message = "unread", .enrolment = nullptr, .address = peer.address};
  return refuse(parts_, refused, sender);
}

std::expected<Caller, Refused> DeviceEndpoint::verify(const http::Request& head,
                                                      const http::Peer& peer,
                                                      const http::SpoolFile& body) {
  const auto mapped = body.map();
  if (!mapped) {
    return std::unexpected(
        Refused{.refusal = Refusal::unavailable, .detail = mapped.error().detail});
  }
  return identities_.verify(head, peer, mapped->bytes(), parts_.clock.wall_now());
}

boost::asio::awaitable<http::Response> DeviceEndpoint::handle(http::Request request,
                                                              const http::Peer& peer) {
  switch (route_of(request)) {
    case Route::message:
      co_return co_await handle_message(std::move(request), peer);
    case Route::scep:
      statistics_.count(RequestKind::scep);
      co_return co_await scep_.handle(request, peer.address, peer.has_left);
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
  const auto* const file = static_cast<const http::SpoolFile*>(request.long_body.get());
  const auto caller =
      file != nullptr ? verify(request, peer, *file)
                      : identities_.verify(request, peer, request.body, parts_.clock.wall_now());
  if (!caller) co_return refuse_unread(caller.error(), peer);
  if (file == nullptr && is_check_in(request)) {
    co_return co_await handle_check_in(parts_, request.body, *caller, peer.address);
  }
  ReceivedReport body{.bytes = std::move(request.body), .file = {}};
  if (file != nullptr) {  // find_place() made it
    body.file = std::static_pointer_cast<const http::SpoolFile>(std::move(request.long_body));
  }
  co_return co_await handle_connect(parts_, std::move(body), *caller, peer.address);
}

StatisticsReading DeviceEndpoint::statistics() const {
  StatisticsReading reading = read(statistics_);
  reading.certificates_issued = scep_.statistics().issued.value();
  reading.certificates_renewed = scep_.statistics().renewed.value();
  for (const LaneCounter& refused : scep_.statistics().refused) {
    reading.scep_refused += refused.value();
  }
  reading.scep_postponed = scep_.statistics().postponed.value();
  reading.scep_abandoned = scep_.statistics().abandoned.value();
  reading.profiles_served = profiles_.statistics().served.value();
  reading.profiles_refused = profiles_.statistics().refused.value();
  return reading;
}

}  // namespace reveille::device
