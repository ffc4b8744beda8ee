#include "dispatcher/device/identity.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "dispatcher/enrolment/certificate_authority.h"
#include "protocol/pki/mdm_signature.h"

namespace reveille::device {
namespace {

std::unexpected<Refused> refused(Refusal refusal, std::string detail) {
  return std::unexpected(Refused{.refusal = refusal, .detail = std::move(detail)});
}

}  // namespace

IdentityVerifier::IdentityVerifier(std::span<const pki::Certificate> anchors,
                                   std::size_t verified_max)
    : anchors_(anchors), anchors_until_(pki::Time::max()), verified_max_(verified_max) {
  for (const pki::Certificate& anchor : anchors_) {
    anchors_until_ = std::min(anchors_until_, anchor.not_after());
  }
}

std::expected<Caller, Refused> IdentityVerifier::verify(const http::Request& request,
                                                        const http::Peer& peer, storage::Time now) {
  std::optional<pki::Certificate> certificate = peer.certificate;
  if (const auto signature = request.header("mdm-signature")) {
    Result<pki::Certificate> signer = pki::verify_mdm_signature(*signature, request.body);
    if (!signer) return refused(Refusal::bad_signature, std::move(signer.error().detail));
    if (certificate && *certificate != *signer) {
      return refused(Refusal::certificates_differ, "TLS and Mdm-Signature name two certificates");
    }
    certificate = *std::move(signer);
  }
  if (!certificate) {
    return refused(Refusal::no_certificate, "neither a TLS certificate nor an Mdm-Signature");
  }
  return trust(*certificate, std::chrono::floor<std::chrono::seconds>(now));
}

std::expected<Caller, Refused> IdentityVerifier::trust(const pki::Certificate& certificate,
                                                       pki::Time now) {
  std::string sha256 = certificate.sha256();
  const Caller caller{.certificate = storage::Sha256::from(sha256)};
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
