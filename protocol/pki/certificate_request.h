#pragma once

#include <memory>
#include <optional>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"

using X509_REQ = struct X509_req_st;

namespace reveille::pki {

// A PKCS#10 request (RFC 2986) whose signature by its own key has been verified.
class CertificateRequest {
 public:
  // Keys and digests as cms.h has them, and no RSA-PSS; what is big enough to be trusted is the
  // caller's to say.
  // Errors: malformed (bytes, kind of key, digest), unauthorised (not signed by its own key).
  static Result<CertificateRequest> from_der(BytesView der);

  // `challenge`: the challengePassword attribute (1.2.840.113549.1.9.7); nullopt for none.
  // Errors: malformed (names, challenge).
  static Result<CertificateRequest> create(const std::string& common_name,
                                           const std::string& organisation,
                                           const std::optional<std::string>& challenge,
                                           const PrivateKey& key);

  Bytes der() const;
  Bytes sha256() const;
  std::string subject() const;
  std::string common_name() const;
  std::optional<std::string> challenge_password() const;  // nullopt also when there are two
  Bytes public_key_sha256() const;
  bool is_rsa() const;
  int key_bits() const;

  X509_REQ* native() const { return request_.get(); }  // borrowed
  explicit CertificateRequest(std::shared_ptr<X509_REQ> request) : request_(std::move(request)) {}

 private:
  std::shared_ptr<X509_REQ> request_;
};

// A TLS client certificate for the request's key. `contents.common_name` empty: the request's whole
// subject is kept as it is. The purpose is always tls_client, and extensions that the request asks
// for are not copied: a device does not choose what its certificate allows.
Result<Certificate> issue(const CertificateRequest& request, const CertificateTemplate& contents,
                          const Certificate& issuer, const PrivateKey& issuer_key);

}  // namespace reveille::pki
