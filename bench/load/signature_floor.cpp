#include "bench/load/signature_floor.h"

#include <openssl/cms.h>
#include <openssl/evp.h>

#include <memory>

#include "bench/load/cpu_clock.h"
#include "protocol/pki/cms.h"

namespace reveille::bench {
namespace {

using Message = std::unique_ptr<CMS_ContentInfo,
                                decltype([](CMS_ContentInfo* cms) { CMS_ContentInfo_free(cms); })>;
using Memory = std::unique_ptr<BIO, decltype([](BIO* bio) { BIO_free(bio); })>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype([](EVP_MD_CTX* it) { EVP_MD_CTX_free(it); })>;

const unsigned char* bytes_of(const Bytes& bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

bool verify_message(const Bytes& der, const Bytes& content) {
  const unsigned char* next = bytes_of(der);
  const Message message(d2i_CMS_ContentInfo(nullptr, &next, static_cast<long>(der.size())));
  const Memory body(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
  return message && CMS_verify(message.get(), nullptr, nullptr, body.get(), nullptr,
                               CMS_BINARY | CMS_DETACHED | CMS_NO_SIGNER_CERT_VERIFY) == 1;
}

Bytes sign(const Bytes& content, const pki::PrivateKey& key) {
  const Context context(EVP_MD_CTX_new());
  std::size_t size = 0;
  EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.native());
  EVP_DigestSign(context.get(), nullptr, &size, bytes_of(content), content.size());
  Bytes signature(size, '\0');
  EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                 bytes_of(content), content.size());
  signature.resize(size);
  return signature;
}

bool verify_bare(const Bytes& signature, const Bytes& content, const pki::PrivateKey& key) {
  const Context context(EVP_MD_CTX_new());
  EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.native());
  return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(content),
                          content.size()) == 1;
}

// The mean of `times`. Errors: unavailable when one of them is refused.
template <typename Verify>
Result<double> cost_of(int times, Verify verify) {
  bool all_hold = true;
  const double start = thread_cpu_seconds();
  for (int i = 0; i < times; ++i) all_hold = verify() && all_hold;
  const double seconds = thread_cpu_seconds() - start;
  if (!all_hold) return failure(ErrorCode::unavailable, "OpenSSL refused a signature of its own");
  return seconds * 1e6 / times;
}

}  // namespace

Result<SignatureFloor> measure_signature(const SeededIdentity& identity, int times) {
  const Bytes content(400, 'x');
  const Result<Bytes> der = pki::sign_detached(content, identity.certificate, identity.key);
  if (!der) return std::unexpected(der.error());
  const Bytes signature = sign(content, identity.key);
  Result<double> verified = cost_of(times, [&] { return verify_message(*der, content); });
  if (!verified) return std::unexpected(std::move(verified.error()));
  Result<double> arithmetic =
      cost_of(times, [&] { return verify_bare(signature, content, identity.key); });
  if (!arithmetic) return std::unexpected(std::move(arithmetic.error()));
  return SignatureFloor{.verified = *verified, .arithmetic = *arithmetic};
}

}  // namespace reveille::bench
