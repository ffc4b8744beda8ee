// The client's end, for the device simulator: makes requests, opens answers.
#include "protocol/pki/scep.h"
#include "protocol/pki/scep_message.h"

namespace reveille::pki::scep {

namespace {

std::optional<FailInfo> fail_info_of(std::optional<int> number) {
  const bool known = number && *number <= static_cast<int>(FailInfo::bad_cert_id);
  return known ? std::optional(static_cast<FailInfo>(*number)) : std::nullopt;
}

// Errors: unauthorised, unless it answers this request and no other.
Result<void> check_belongs(const Attributes& attributes, const ClientRequest& request) {
  if (attributes.transaction_id != request.transaction_id) {
    return failure(ErrorCode::unauthorised, "SCEP: the answer is to another transaction");
  }
  if (attributes.recipient_nonce != request.sender_nonce) {
    return failure(ErrorCode::unauthorised, "SCEP: the answer repeats another nonce");
  }
  return {};
}

Result<Certificate> open_issued(BytesView enveloped, const ClientRequest& request,
                                const PrivateKey& request_key) {
  const auto wrapped = decrypt(enveloped, request.signer, request.signer_key);
  if (!wrapped) return std::unexpected(wrapped.error());
  auto certificates = unwrap_certificates(*wrapped);
  if (!certificates) return std::unexpected(certificates.error());
  // RFC 8894, 3.3.2: the set may hold its chain as well, in any order.
  for (Certificate& certificate : *certificates) {
    if (certificate.belongs_to(request_key)) return std::move(certificate);
  }
  return failure(ErrorCode::malformed, "SCEP: no certificate for the requested key");
}

}  // namespace

Result<Bytes> make_request(const ClientRequest& request, const Certificate& ra) {
  const ErrorQueueScope errors;
  if (!ra.is_rsa()) {
    return failure(ErrorCode::malformed, "SCEP: the RA's key is not RSA");
  }
  const auto enveloped = encrypt(request.csr.der(), ra, request.cipher);
  if (!enveloped) return std::unexpected(enveloped.error());
  Attributes attributes;
  attributes.message_type = static_cast<int>(request.type);
  attributes.sender_nonce = request.sender_nonce;
  attributes.transaction_id = request.transaction_id;
  return sign_message(attributes, *enveloped, request.signer, request.signer_key);
}

Result<Answer> parse_answer(BytesView message, const ClientRequest& request, const Certificate& ra,
                            const PrivateKey& request_key) {
  const ErrorQueueScope errors;
  const auto parsed = parse_message(message);
  if (!parsed) return std::unexpected(parsed.error());
  const auto content = embedded_content(parsed->cms.get());
  // Windows leaves its certificate out; we have it.
  const auto signer = verify_signature(parsed->cms.get(), content.value_or(BytesView()), {&ra, 1});
  if (!signer) return std::unexpected(signer.error());
  if (*signer != ra) return failure(ErrorCode::unauthorised, "SCEP: not signed by the RA");

  const Attributes& attributes = parsed->attributes;
  if (attributes.message_type != static_cast<int>(MessageType::cert_rep)) {
    return failure(ErrorCode::malformed, "SCEP: not an answer");
  }
  const auto belongs = check_belongs(attributes, request);
  if (!belongs) return std::unexpected(belongs.error());
  if (attributes.status == status_failure) {
    return Answer{.status = Answer::Status::failure,
                  .fail_info = fail_info_of(attributes.fail_info),
                  .issued = std::nullopt};
  }
  if (attributes.status == status_pending) {
    return Answer{
        .status = Answer::Status::pending, .fail_info = std::nullopt, .issued = std::nullopt};
  }
  if (attributes.status != status_success || !content) {
    return failure(ErrorCode::malformed, "SCEP: status of the answer");
  }
  auto issued = open_issued(*content, request, request_key);
  if (!issued) return std::unexpected(issued.error());
  return Answer{
      .status = Answer::Status::success, .fail_info = std::nullopt, .issued = std::move(*issued)};
}

}  // namespace reveille::pki::scep
