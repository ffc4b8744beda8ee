#include "protocol/pki/key.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "protocol/base/ensure.h"
#include "protocol/pki/openssl.h"

namespace reveille::pki {

namespace {

// Without a callback OpenSSL asks at the terminal. An empty pass phrase is all that we ever have.
int empty_pass_phrase(char*, int, int, void*) { return 0; }

Result<PrivateKey> own(EVP_PKEY* key, const char* what) {
  if (key == nullptr) return openssl_failure(ErrorCode::unavailable, what);
  return PrivateKey(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
}

}  // namespace

Result<PrivateKey> PrivateKey::generate_rsa(int bits) {
  ensure(bits >= 1024 && bits <= 8192, "an RSA key has 1024 to 8192 bits");
  return own(EVP_RSA_gen(static_cast<unsigned int>(bits)), "RSA key generation");
}

Result<PrivateKey> PrivateKey::generate_p256() {
  return own(EVP_EC_gen("P-256"), "P-256 key generation");
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const ErrorQueueScope errors;
  const BioPointer reader = reader_of(pem);
  if (!reader) return failure(ErrorCode::malformed, "private key: too long");
  std::shared_ptr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(reader.get(), nullptr, empty_pass_phrase, nullptr), EVP_PKEY_free);
  if (!key) return failure(ErrorCode::malformed, "private key: no unencrypted PEM key in the text");
  if (!is_accepted_public_key(key.get())) {
    return failure(ErrorCode::malformed,
                   "private key: neither RSA of 1024 to 8192 bits nor EC on P-256, P-384 or P-521");
  }
  return PrivateKey(std::move(key));
}

std::string PrivateKey::to_pem() const {
  const BioPointer text = growing_memory();
  const bool written = text && PEM_write_bio_PKCS8PrivateKey(text.get(), native(), nullptr, nullptr,
                                                             0, nullptr, nullptr) == 1;
  ensure(written, "a private key that we hold can be written");
  return contents_of(text.get());
}

bool PrivateKey::is_rsa() const { return is_rsa_key(native()); }

Bytes PrivateKey::public_key_sha256() const {
  return sha256_of(encode<EVP_PKEY>(i2d_PUBKEY, native()));
}

}  // namespace reveille::pki
