#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/pki/key.h"

using X509 = struct x509_st;

namespace reveille::pki {

using Time = std::chrono::sys_seconds;

// An X.509 certificate (RFC 5280), immutable; copies share it and threads may too.
class Certificate {
 public:
  // Exactly one certificate and nothing after it. Errors: malformed.
  static Result<Certificate> from_der(BytesView der);
  // Of PEM, text before it is skipped.
  static Result<Certificate> from_pem(std::string_view pem);
  // Every CERTIFICATE block, in order; text between blocks and blocks of other kinds are skipped.
  // Errors: malformed, also when there is none.
  static Result<std::vector<Certificate>> all_from_pem(std::string_view pem);

  Bytes der() const;
  std::string pem() const;
  // Of the DER: 32 raw bytes; the certificate's name in our records.
  Bytes sha256() const { return Bytes(sha256_.data(), sha256_.size()); }
  Bytes public_key_sha256() const;
  std::string serial_hex() const;   // lower case, a leading "-" when negative
  std::string subject() const;      // one line, RFC 2253
  std::string common_name() const;  // empty when absent
  // The push topic: the subject's UID attribute (0.9.2342.19200300.100.1.1), protocol.md 6.1.
  std::optional<std::string> user_id() const;
  Time not_before() const;
  Time not_after() const;
  bool belongs_to(const PrivateKey& key) const;
  bool is_self_signed() const;  // and its signature verifies by its own key
  bool is_rsa() const;

  X509* native() const { return certificate_.get(); }  // borrowed
  explicit Certificate(std::shared_ptr<X509> certificate);

  friend bool operator==(const Certificate& left, const Certificate& right);

 private:
  std::shared_ptr<X509> certificate_;
  std::array<char, 32> sha256_;  // worked out once: a connection's is asked for at each request
};

// Checks that `leaf` chains to one of `anchors` at `time` and may authenticate a TLS client.
// Anchors are roots: a chain that stops at an intermediate is not enough. The system's store is not
// asked. Errors: unauthorised, with OpenSSL's reason.
Result<void> verify_client_certificate(const Certificate& leaf,
                                       std::span<const Certificate> intermediates,
                                       std::span<const Certificate> anchors, Time time);

// What a certificate is issued with.
struct CertificateTemplate {
  std::string common_name;  // the whole subject is CN, and O when not empty
  std::string organisation;
  std::optional<std::string> user_id;  // subject UID attribute: push certificates
  std::vector<std::string> dns_names;  // subjectAltName; IP addresses are recognised
  Bytes serial;                        // 16 random bytes; the top bit is cleared
  Time not_before;
  Time not_after;
  enum class Purpose { authority, tls_server, tls_client } purpose = Purpose::tls_client;
};

// A self-signed certificate, e.g. an authority's root (basicConstraints CA, keyCertSign, and
// digitalSignature and keyEncipherment so that it can serve SCEP as its own RA; keyAgreement
// instead for an EC key). With purpose tls_client: what a SCEP client signs its first request with.
// Errors: malformed (a name that is too long, empty or not UTF-8).
Result<Certificate> issue_self_signed(const CertificateTemplate& contents, const PrivateKey& key);

// A certificate for somebody's public key, signed by `issuer`.
// Errors: malformed (as above; `issuer_key` is not the issuer's).
Result<Certificate> issue(const CertificateTemplate& contents, const PrivateKey& public_half_of,
                          const Certificate& issuer, const PrivateKey& issuer_key);

}  // namespace reveille::pki
