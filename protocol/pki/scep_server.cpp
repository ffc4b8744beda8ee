// The server's end: opens requests, makes answers.
#include <array>

#include "protocol/base/ensure.h"
#include "protocol/pki/scep.h"
#include "protocol/pki/scep_message.h"

namespace reveille::pki::scep {

namespace {

// What a request may be. CertPoll has no CSR, and nothing of ours is ever pending.
constexpr std::array requests{MessageType::renewal_req, MessageType::update_req,
                              MessageType::pkcs_req};

std::optional<MessageType> request_type(std::optional<int> number) {
  for (const MessageType type : requests) {
    if (number == static_cast<int>(type)) return type;
  }
  return std::nullopt;
}

FailInfo fail_info_of_other_type(std::optional<int> number) {
  const bool asks_for_pending = number == static_cast<int>(MessageType::cert_poll);
  return asks_for_pending ? FailInfo::bad_cert_id : FailInfo::bad_request;
}

// Refusals of one request, once it is known whom to answer.
class Refusal {
 public:
  explicit Refusal(RequestEnvelope envelope) : envelope_(std::move(envelope)) {}

  std::unexpected<ParseFailure> because(FailInfo fail_info, Error error) const {
    return std::unexpected(
        ParseFailure{.error = std::move(error), .fail_info = fail_info, .envelope = envelope_});
  }
  std::unexpected<ParseFailure> because(FailInfo fail_info, ErrorCode code,
                                        const char* detail) const {
    return because(fail_info, Error{.code = code, .detail = detail});
  }

 private:
  RequestEnvelope envelope_;
};

std::unexpected<ParseFailure> not_scep(Error error) {
  return std::unexpected(ParseFailure{
      .error = std::move(error), .fail_info = FailInfo::bad_request, .envelope = std::nullopt});
}

struct OpenedRequest {
  CertificateRequest csr;
  ContentCipher cipher;
};

// A padding that is wrong and a plain text that is no CSR must look alike: the difference would
// decrypt somebody's captured CSR, with its challenge, block by block.
std::expected<OpenedRequest, ParseFailure> open(BytesView enveloped, const Certificate& ra,
                                                const PrivateKey& ra_key, const Refusal& refusal) {
  const auto envelope = parse_content_info(enveloped, NID_pkcs7_enveloped);
  if (!envelope) return refusal.because(FailInfo::bad_request, envelope.error());
  const auto plain = open_envelope(envelope->get(), ra, ra_key);
  if (!plain && plain.error().code == ErrorCode::malformed) {
    return refusal.because(FailInfo::bad_alg, plain.error());
  }
  auto csr = plain ? CertificateRequest::from_der(plain->content)
                   : Result<CertificateRequest>(std::unexpected(plain.error()));
  if (!csr) {
    return refusal.because(FailInfo::bad_message_check, ErrorCode::unauthorised,
                           "SCEP: no certificate request encrypted for this RA, signed by its key");
  }
  return OpenedRequest{.csr = std::move(*csr), .cipher = plain->cipher};
}

Attributes answer_attributes(const RequestEnvelope& envelope, int status, BytesView fresh_nonce) {
  ensure(!fresh_nonce.empty(), "an answer has a nonce of its own");
  Attributes attributes;
  attributes.message_type = static_cast<int>(MessageType::cert_rep);
  attributes.status = status;
  attributes.sender_nonce = Bytes(fresh_nonce);
  attributes.recipient_nonce = envelope.sender_nonce;
  attributes.transaction_id = envelope.transaction_id;
  return attributes;
}

}  // namespace

std::string capabilities() {
  return "AES\nDES3\nPOSTPKIOperation\nRenewal\nSCEPStandard\nSHA-1\nSHA-256\nSHA-512\n";
}

std::expected<Request, ParseFailure> parse_request(BytesView message, const Certificate& ra,
                                                   const PrivateKey& ra_key) {
  const ErrorQueueScope errors;
  auto parsed = parse_message(message);
  if (!parsed) return not_scep(parsed.error());
  const Attributes& attributes = parsed->attributes;
  if (!attributes.transaction_id || !attributes.sender_nonce) {
    return not_scep(
        Error{.code = ErrorCode::malformed, .detail = "SCEP: no transactionID or no senderNonce"});
  }
  const Refusal refusal(RequestEnvelope{.transaction_id = *attributes.transaction_id,
                                        .sender_nonce = *attributes.sender_nonce});

  const auto content = embedded_content(parsed->cms.get());
  auto signer = verify_signature(parsed->cms.get(), content.value_or(BytesView()), {});
  if (!signer) return refusal.because(FailInfo::bad_message_check, signer.error());
  const auto type = request_type(attributes.message_type);
  if (!type) {
    return refusal.because(fail_info_of_other_type(attributes.message_type), ErrorCode::malformed,
                           "SCEP: message type is not a request for a certificate");
  }
  if (!content) {
    return refusal.because(FailInfo::bad_request, ErrorCode::malformed, "SCEP: no content");
  }
  auto opened = open(*content, ra, ra_key, refusal);
  if (!opened) return std::unexpected(std::move(opened.error()));
  return Request{.type = *type,
                 .transaction_id = *attributes.transaction_id,
                 .sender_nonce = *attributes.sender_nonce,
                 .signer = std::move(*signer),
                 .csr = std::move(opened->csr),
                 .cipher = opened->cipher};
}

Result<Bytes> make_success(const Request& request, const Certificate& issued,
                           std::span<const Certificate> chain, const Certificate& ra,
                           const PrivateKey& ra_key, BytesView fresh_nonce) {
  const ErrorQueueScope errors;
  std::vector<Certificate> certificates{issued};
  certificates.insert(certificates.end(), chain.begin(), chain.end());
  const auto wrapped = wrap_certificates(certificates);
  if (!wrapped) return std::unexpected(wrapped.error());
  const auto enveloped = encrypt(*wrapped, request.signer, request.cipher);
  if (!enveloped) return std::unexpected(enveloped.error());
  const RequestEnvelope envelope{.transaction_id = request.transaction_id,
                                 .sender_nonce = request.sender_nonce};
  return sign_message(answer_attributes(envelope, status_success, fresh_nonce), *enveloped, ra,
                      ra_key);
}

Result<Bytes> make_failure(const RequestEnvelope& envelope, FailInfo fail_info,
                           const Certificate& ra, const PrivateKey& ra_key, BytesView fresh_nonce) {
  const ErrorQueueScope errors;
  Attributes attributes = answer_attributes(envelope, status_failure, fresh_nonce);
  attributes.fail_info = static_cast<int>(fail_info);
  return sign_message(attributes, std::nullopt, ra, ra_key);
}

}  // namespace reveille::pki::scep
