#include "storage/rocksdb/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

namespace reveille::storage::rocks {
namespace {

constexpr char version = 1;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
constexpr std::size_t header_bytes = 1 + nonce_bytes;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* in(BytesView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* out(Bytes& bytes, std::size_t at) {
  return reinterpret_cast<unsigned char*>(bytes.data() + at);
}
int size_of(BytesView bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

Result<std::unique_ptr<Sealer>> Sealer::make(BytesView key) {
  if (key.size() != key_bytes) {
    return failure(ErrorCode::malformed, "the store's secret key must have 32 bytes");
  }
  EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  if (cipher == nullptr) {
    return failure(ErrorCode::unavailable, "OpenSSL has no AES-256-GCM");
  }
  return std::unique_ptr<Sealer>(new Sealer(key, cipher));
}

Sealer::~Sealer() {
  OPENSSL_cleanse(key_.data(), key_.size());
  EVP_CIPHER_free(cipher_);
}

Result<Bytes> Sealer::seal(BytesView plain, BytesView place) const {
  Bytes sealed(header_bytes + plain.size() + tag_bytes, version);
  const Context context(EVP_CIPHER_CTX_new());
  int written = 0;
  const bool done =
      context != nullptr && RAND_bytes(out(sealed, 1), nonce_bytes) == 1 &&
      EVP_EncryptInit_ex2(context.get(), cipher_, in(key_), out(sealed, 1), nullptr) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &written, in(place), size_of(place)) == 1 &&
      EVP_EncryptUpdate(context.get(), out(sealed, header_bytes), &written, in(plain),
                        size_of(plain)) == 1 &&
      EVP_EncryptFinal_ex(context.get(), out(sealed, header_bytes + plain.size()), &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes,
                          out(sealed, header_bytes + plain.size())) == 1;
  if (!done) return failure(ErrorCode::unavailable, "OpenSSL could not seal a secret");
  return sealed;
}

Result<Bytes> Sealer::unseal(BytesView sealed, BytesView place) const {
  if (sealed.size() < header_bytes + tag_bytes || sealed.front() != version) {
    return failure(ErrorCode::corrupt, "a sealed value is damaged");
  }
  const BytesView ciphertext =
      sealed.substr(header_bytes, sealed.size() - header_bytes - tag_bytes);
  Bytes tag(sealed.substr(sealed.size() - tag_bytes));
  Bytes plain(ciphertext.size() + tag_bytes, '\0');  // never empty, for Final's pointer
  // A push opens one: to make and free a context costs more than to decrypt 80 bytes. The next use
  // overwrites what this one leaves.
  thread_local const Context context(EVP_CIPHER_CTX_new());
  int written = 0;
  const bool done =
      context != nullptr &&
      EVP_DecryptInit_ex2(context.get(), cipher_, in(key_), in(sealed.substr(1)), nullptr) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &written, in(place), size_of(place)) == 1 &&
      EVP_DecryptUpdate(context.get(), out(plain, 0), &written, in(ciphertext),
                        size_of(ciphertext)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), out(plain, ciphertext.size()), &written) == 1;
  if (!done) {
    return failure(ErrorCode::corrupt, "a sealed value was changed, or sealed with another key");
  }
  plain.resize(ciphertext.size());
  return plain;
}

}  // namespace reveille::storage::rocks
