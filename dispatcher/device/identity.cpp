#include "dispatcher/device/identity.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "dispatcher/enrolment/certificate_authority.h"
#include "protocol/pki/mdm_signature.h"
#include "protocol/pki/proxy_header.h"

namespace reveille::device {
namespace {

std::unexpected<Refused> refused(Refusal refusal, std::string detail) {
  return std::unexpected(Refused{.refusal = refusal, .detail = std::move(detail)});
}

std::optional<std::string> bearer_token(const http::Request& request) {
  constexpr std::string_view scheme = "Bearer ";
  const auto value = request.header("authorization");
  if (!value || !value->starts_with(scheme)) return std::nullopt;
  return std::string(value->substr(scheme.size()));
}

}  // namespace

IdentityVerifier::IdentityVerifier(std::span<const pki::Certificate> anchors,
                                   std::size_t verified_max, TrustedProxies proxies,
                                   const enrolment::Revocations* revocations)
    : anchors_(anchors),
      anchors_until_(pki::Time::max()),
      verified_max_(verified_max),
      proxies_(std::move(proxies)),
      revocations_(revocations) {
  for (const pki::Certificate& anchor : anchors_) {
    anchors_until_ = std::min(anchors_until_, anchor.not_after());
  }
}

bool IdentityVerifier::shows_identity(const http::Request& head, const http::Peer& peer) const {
  if (peer.certificate || head.header("mdm-signature")) return true;
  const auto by_proxy = proxy_header(head, peer);
  return by_proxy && *by_proxy;
}

Result<std::optional<std::string_view>> IdentityVerifier::proxy_header(
    const http::Request& request, const http::Peer& peer) const {
  return proxies_.certificate_header(request, peer.relay.value_or(peer.address));
}

std::expected<Caller, Refused> IdentityVerifier::verify(const http::Request& head,
                                                        const http::Peer& peer, BytesView body,
                                                        storage::Time now) {
  auto by_connection = shown(head, peer);
  if (!by_connection) return std::unexpected(std::move(by_connection.error()));
  std::optional<pki::Certificate> certificate = *std::move(by_connection);
  if (const auto signature = head.header("mdm-signature")) {
    Result<pki::Certificate> signer = pki::verify_mdm_signature(*signature, body);
    if (!signer) return refused(Refusal::bad_signature, std::move(signer.error().detail));
    if (certificate && *certificate != *signer) {
      return refused(Refusal::certificates_differ, "TLS and Mdm-Signature name two certificates");
    }
    certificate = *std::move(signer);
  }
  if (!certificate) {
    return refused(Refusal::no_certificate, "neither a TLS certificate nor an Mdm-Signature");
  }
  auto caller = trust(*certificate, std::chrono::floor<std::chrono::seconds>(now));
  if (caller) caller->access_token = bearer_token(head);
  return caller;
}

std::expected<Caller, Refused> IdentityVerifier::vouch(const http::Request& head,
                                                       const http::Peer& peer, storage::Time now) {
  auto certificate = shown(head, peer);
  if (!certificate) return std::unexpected(std::move(certificate.error()));
  const auto signature = head.header("mdm-signature");
  if (!*certificate && signature) {
    Result<pki::Certificate> signer = pki::verify_mdm_signature_of_some_body(*signature);
    if (!signer) return refused(Refusal::bad_signature, std::move(signer.error().detail));
    *certificate = *std::move(signer);
  }
  if (!*certificate) {
    return refused(Refusal::no_certificate, "neither a TLS certificate nor an Mdm-Signature");
  }
  return trust(**certificate, std::chrono::floor<std::chrono::seconds>(now));
}

std::expected<std::optional<pki::Certificate>, Refused> IdentityVerifier::shown(
    const http::Request& request, const http::Peer& peer) const {
  const auto header = proxy_header(request, peer);
  if (!header) return refused(Refusal::bad_proxy_header, header.error().detail);
  if (!*header) return peer.certificate;
  Result<pki::Certificate> certificate = pki::certificate_from_proxy_header(**header);
  if (!certificate)
    return refused(Refusal::bad_proxy_header, std::move(certificate.error().detail));
  return *std::move(certificate);
}

std::expected<Caller, Refused> IdentityVerifier::trust(const pki::Certificate& certificate,
                                                       pki::Time now) {
  std::string sha256 = certificate.sha256();
  const Caller caller{.certificate = storage::Sha256::from(sha256), .access_token = {}};
  // Also of those remembered: a revocation counts from the next request on.
  if (revocations_ != nullptr && revocations_->contains(caller.certificate)) {
    return refused(Refusal::certificate_revoked, "serial " + certificate.serial_hex());
  }
  const auto known = verified_until_.find(sha256);
  if (known != verified_until_.end() && now < known->second) return caller;

  const Result<void> verified = enrolment::verify_identity(certificate, anchors_, now);
  if (!verified) {
    return refused(Refusal::certificate_untrusted,
                   verified.error().detail + " (serial " + certificate.serial_hex() + ")");
  }
  // Starting over when full keeps it bounded, and costs each caller one more verification.
  if (verified_until_.size() >= verified_max_) verified_until_.clear();
  verified_until_[std::move(sha256)] = std::min(certificate.not_after(), anchors_until_);
  return caller;
}

}  // namespace reveille::device
