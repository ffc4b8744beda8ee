#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"

using EVP_PKEY = struct evp_pkey_st;

namespace reveille::pki {

// A private key with its public half. Copies share the key, which never changes: safe to use from
// several threads. (shared_ptr: OpenSSL counts references to an EVP_PKEY the same way.)
class PrivateKey {
 public:
  // Blocks for as long as the arithmetic takes: 50 to 300 ms for RSA-2048, 0.1 ms for P-256.
  static Result<PrivateKey> generate_rsa(int bits);  // 1024 to 8192
  static Result<PrivateKey> generate_p256();

  // Unencrypted PKCS#8 or traditional PEM, or encrypted with the empty pass phrase, which is as
  // good as unencrypted. RSA of 1024 to 8192 bits, or EC on P-256, P-384 or P-521.
  // Errors: malformed (the text is never quoted).
  static Result<PrivateKey> from_pem(std::string_view pem);
  std::string to_pem() const;  // PKCS#8, unencrypted

  bool is_rsa() const;
  Bytes public_key_sha256() const;  // of the DER SubjectPublicKeyInfo

  EVP_PKEY* native() const { return key_.get(); }  // borrowed
  explicit PrivateKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}

 private:
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace reveille::pki
