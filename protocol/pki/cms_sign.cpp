#include "protocol/pki/cms.h"
#include "protocol/pki/cms_message.h"
#include "protocol/pki/openssl.h"

namespace reveille::pki {

Result<SignatureDraft> start_signature(const Certificate& signer, const PrivateKey& key,
                                       std::span<const Certificate> chain, Content content) {
  const unsigned int flags = CMS_PARTIAL | CMS_BINARY | CMS_NOSMIMECAP |
                             (content == Content::detached ? CMS_DETACHED : 0U);
  CmsPointer cms(CMS_sign(nullptr, nullptr, nullptr, nullptr, flags));
  if (!cms) return openssl_failure(ErrorCode::unavailable, "CMS: signature");
  // With an RSA key OpenSSL names the signature algorithm rsaEncryption: some SCEP clients read
  // no other.
  CMS_SignerInfo* signer_info =
      CMS_add1_signer(cms.get(), signer.native(), key.native(), sha256_algorithm(), flags);
  if (signer_info == nullptr) return openssl_failure(ErrorCode::malformed, "CMS: signer");
  for (const Certificate& certificate : chain) {
    if (!add_certificate(cms.get(), certificate)) {
      return openssl_failure(ErrorCode::unavailable, "CMS: certificates");
    }
  }
  return SignatureDraft{.cms = std::move(cms), .signer = signer_info};
}

Result<Bytes> finish_signature(const SignatureDraft& draft, BytesView content) {
  const BioPointer reader = reader_of(content);
  if (!reader || CMS_final(draft.cms.get(), reader.get(), nullptr, CMS_BINARY) != 1) {
    return openssl_failure(ErrorCode::unavailable, "CMS: signature");
  }
  return encode<CMS_ContentInfo>(i2d_CMS_ContentInfo, draft.cms.get());
}

Result<Bytes> sign_attached(BytesView content, const Certificate& signer, const PrivateKey& key,
                            std::span<const Certificate> chain) {
  const ErrorQueueScope errors;
  const auto draft = start_signature(signer, key, chain, Content::attached);
  if (!draft) return std::unexpected(draft.error());
  return finish_signature(*draft, content);
}

Result<Bytes> sign_detached(BytesView content, const Certificate& signer, const PrivateKey& key) {
  const ErrorQueueScope errors;
  const auto draft = start_signature(signer, key, {}, Content::detached);
  if (!draft) return std::unexpected(draft.error());
  return finish_signature(*draft, content);
}

}  // namespace reveille::pki
