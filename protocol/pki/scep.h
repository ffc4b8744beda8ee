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
//
// The RA is RSA: SCEP's clients know key transport only. A client's key may be EC; its answer is
// then encrypted by key agreement. Digests, ciphers and keys are those of cms.h; we write SHA-256.
namespace reveille::pki::scep {

enum class MessageType {
  cert_rep = 3,
  renewal_req = 17,
  update_req = 18,
  pkcs_req = 19,
  cert_poll = 20
};
enum class FailInfo {
  bad_alg = 0,
  bad_message_check = 1,
  bad_request = 2,
  bad_time = 3,
  bad_cert_id = 4
};

// What we answer to GetCACaps, one capability a line. SHA-1 and DES3 are named although SHA-256 and
// AES are: a client that knows neither would fall back to MD5, which we refuse, and to DES.
std::string capabilities();

// ---- server ----

// A request whose signature has been verified, opened.
struct Request {
  MessageType type;  // renewal_req, update_req or pkcs_req
  std::string transaction_id;
  Bytes sender_nonce;
  Certificate signer;  // self-signed for a first request, the identity for a renewal
  CertificateRequest csr;
  ContentCipher cipher;  // what the answer is encrypted with: as the request was, never with less than 3DES
};

// What is known of a request when it must be answered with a failure. Neither is believed: the
// transaction's id has at most 255 visible ASCII characters, the nonce at most 64 bytes.
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
// known, decryption, CSR signed by its own key. Whether to issue (challenge, whose identity the
// signer is) is the caller's decision.
//
// The signer's key need not be the CSR's, although RFC 8894, 2.3 has it so: a Mac signs its first
// request with a self-signed "MDM SCEP SIGNER" of another key (corpus, pkcsreq-osx-2016). Such a
// signer proves nothing and needs to prove nothing: the CSR proves that its key is held, the
// challenge inside that it was invited, and who wraps a captured envelope anew under his own
// signature gets a certificate for a key that he has not.
//
// All that depends on the decrypted bytes fails with one text and one FailInfo: whoever sends a
// captured envelope again, altered, learns nothing about what it holds.
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
  Certificate signer;  // self-signed (issue_self_signed()), or the identity to renew
  PrivateKey signer_key;
  std::string transaction_id;
  Bytes sender_nonce;
  ContentCipher cipher = ContentCipher::aes_256_cbc;
};

// Errors: malformed (the RA's key is not RSA, the signer's key is not its certificate's).
Result<Bytes> make_request(const ClientRequest& request, const Certificate& ra);

struct Answer {
  enum class Status { success, failure, pending } status;
  std::optional<FailInfo> fail_info;  // with failure, unless the server left it out
  std::optional<Certificate> issued;  // with success: the one whose key is the CSR's
};

// `request_key`: the CSR's. The answer itself is encrypted for the request's signer.
// Errors: malformed, unauthorised (not signed by the RA, other nonce or transaction, not for us).
Result<Answer> parse_answer(BytesView message, const ClientRequest& request, const Certificate& ra,
                            const PrivateKey& request_key);

}  // namespace reveille::pki::scep
