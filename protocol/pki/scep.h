#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/certificate_request.h"
#include "protocol/pki/cms.h"
#include "protocol/pki/key.h"

// SCEP messages (RFC 8894), both ends, as values. protocol.md section 7.3.
namespace reveille::pki::scep {

enum class MessageType { cert_rep = 3, renewal_req = 17, update_req = 18, pkcs_req = 19, cert_poll = 20 };
enum class FailInfo { bad_alg = 0, bad_message_check = 1, bad_request = 2, bad_time = 3, bad_cert_id = 4 };

// What we answer to GetCACaps, one capability a line.
std::string capabilities();

// ---- server ----

// The outer layer: signed, not yet opened. The signature has been verified.
struct Request {
  MessageType type;
  std::string transaction_id;
  Bytes sender_nonce;
  Certificate signer;  // self-signed for a first request, the identity for a renewal
  CertificateRequest csr;
  ContentCipher cipher;      // what the client encrypted with: the answer uses the same
};

// What is known of a request when it must be answered with a failure.
struct RequestEnvelope {
  std::string transaction_id;
  Bytes sender_nonce;
};

struct ParseFailure {
  Error error;
  FailInfo fail_info;
  std::optional<RequestEnvelope> envelope;  // absent: not even a SCEP message, answer 400
};

// Opens a PKIOperation message with the RA's key. Checks: one signer, its signature, message type
// known, decryption, CSR signed by its own key, and for pkcs_req that the signer's key is the CSR's.
// Whether to issue (challenge, renewal) is the caller's decision.
std::expected<Request, ParseFailure> parse_request(BytesView message, const Certificate& ra,
                                                   const PrivateKey& ra_key);

Result<Bytes> make_success(const Request& request, const Certificate& issued,
                           std::span<const Certificate> chain, const Certificate& ra,
                           const PrivateKey& ra_key, BytesView fresh_nonce);
Result<Bytes> make_failure(const RequestEnvelope& envelope, FailInfo fail_info,
                           const Certificate& ra, const PrivateKey& ra_key, BytesView fresh_nonce);

// ---- client (the device simulator) ----

struct ClientRequest {
  MessageType type = MessageType::pkcs_req;
  CertificateRequest csr;
  Certificate signer;  // self_signed_for() the CSR's key, or the identity to renew
  PrivateKey signer_key;
  std::string transaction_id;
  Bytes sender_nonce;
};

Result<Bytes> make_request(const ClientRequest& request, const Certificate& ra);

struct Answer {
  enum class Status { success, failure, pending } status;
  std::optional<FailInfo> fail_info;
  std::optional<Certificate> issued;  // the one whose key is the CSR's
};

// Errors: malformed, unauthorised (not signed by the RA, or other nonces or transaction).
Result<Answer> parse_answer(BytesView message, const ClientRequest& request, const Certificate& ra,
                            const PrivateKey& request_key);

}  // namespace reveille::pki::scep
