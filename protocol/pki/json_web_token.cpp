#include "protocol/pki/json_web_token.h"

#include "protocol/base/base64.h"
#include "protocol/pki/openssl.h"

namespace reveille::pki {
namespace {

using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;

constexpr std::string_view header = R"({"alg":"RS256","typ":"JWT"})";
constexpr int key_bits_min = 2'048;

// RSASSA-PKCS1-v1_5 with SHA-256.
Result<Bytes> sign(BytesView bytes, const PrivateKey& key) {
  const ErrorQueueScope errors;
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const DigestContext context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, sha256_algorithm(), nullptr, key.native()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data, bytes.size()) != 1) {
    return openssl_failure(ErrorCode::unavailable, "signing a token");
  }
  Bytes signature(size, char());
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                     bytes.size()) != 1) {
    return openssl_failure(ErrorCode::unavailable, "signing a token");
  }
  signature.resize(size);
  return signature;
}

}  // namespace

Result<std::string> sign_json_web_token(std::string_view claims, const PrivateKey& key) {
  if (!key.is_rsa() || EVP_PKEY_get_bits(key.native()) < key_bits_min) {
    return failure(ErrorCode::malformed, "RS256 needs an RSA key of at least 2048 bits");
  }
  std::string token = to_base64url(header) + "." + to_base64url(claims);
  const Result<Bytes> signature = sign(token, key);
  if (!signature) return std::unexpected(signature.error());
  return token.append(".").append(to_base64url(*signature));
}

}  // namespace reveille::pki
