#pragma once

#include <memory>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"

// Forward declarations of OpenSSL's, so that its headers stay in seal.cpp.
struct evp_cipher_st;

namespace reveille::storage::rocks {

// Encrypts secrets at rest: AES-256-GCM under the operator's key, a random nonce for each value,
// and the place where the value is stored as additional data, so that no value can be moved to
// another place unnoticed.
//
//   sealed value = version:1 (1) nonce:12 ciphertext tag:16
//
// Threads: any.
class Sealer {
 public:
  static constexpr std::size_t key_bytes = 32;

  // Errors: malformed when the key has another size; unavailable when OpenSSL has no AES-256-GCM.
  static Result<std::unique_ptr<Sealer>> make(BytesView key);
  ~Sealer();
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  Result<Bytes> seal(BytesView plain, BytesView place) const;
  // Errors: corrupt when the bytes were changed, moved, or sealed with another key.
  Result<Bytes> unseal(BytesView sealed, BytesView place) const;

 private:
  Sealer(BytesView key, evp_cipher_st* cipher) : key_(key), cipher_(cipher) {}

  Bytes key_;
  evp_cipher_st* cipher_;  // owned; fetched once, since fetching costs more than sealing
};

}  // namespace reveille::storage::rocks
