#pragma once

#include "protocol/pki/scep.h"
#include "tests/protocol/pki/identities.h"

namespace reveille::pki::scep {

// An authority that is its own RA, and a device that asks for its first identity.
class ScepTest : public testing::Test {
 protected:
  static CertificateRequest request_for(const PrivateKey& key) {
    return must(CertificateRequest::create("phone", "Example", "one-time", key));
  }

  static ClientRequest first_request(const PrivateKey& key = rsa_key()) {
    return {.type = MessageType::pkcs_req,
            .csr = request_for(key),
            .signer = self_signed_client(key).certificate,
            .signer_key = key,
            .transaction_id = "transaction-1_*",  // not all of it fits PrintableString
            .sender_nonce = Bytes(16, 'n')};
  }

  Bytes message_of(const ClientRequest& request) const {
    return must(make_request(request, ra_.certificate));
  }
  std::expected<Request, ParseFailure> parsed(BytesView message) const {
    return parse_request(message, ra_.certificate, ra_.key);
  }
  Request opened(const ClientRequest& request) const {
    auto result = parsed(message_of(request));
    if (!result) ADD_FAILURE() << result.error().error.detail;
    ensure(result.has_value(), "the request is good");
    return *std::move(result);
  }

  Certificate issued_for(const Request& request) const {
    return must(issue(request.csr, contents_for(""), ra_.certificate, ra_.key));
  }

  const Identity ra_ = authority();
  const Bytes fresh_nonce_ = Bytes(16, 'f');
};

}  // namespace reveille::pki::scep
