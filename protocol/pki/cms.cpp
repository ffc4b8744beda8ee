#include "protocol/pki/cms.h"

#include <openssl/provider.h>

#include "protocol/base/ensure.h"
#include "protocol/pki/cms_message.h"
#include "protocol/pki/openssl.h"

namespace reveille::pki {

namespace {

// Where an envelope's ciphers come from. Single DES, with which Debian's scepclient encrypts
// whatever we say that we can do, is in OpenSSL's legacy provider alone: loaded here, so that
// nothing else of this process learns of it. Without the provider such a message is refused.
OSSL_LIB_CTX* envelope_context() {
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* const made = OSSL_LIB_CTX_new();
    ensure(made != nullptr && OSSL_PROVIDER_load(made, "default") != nullptr,
           "OpenSSL has its default provider");
    OSSL_PROVIDER_load(made, "legacy");
    return made;
  }();
  return context;
}

CMS_ContentInfo* decode(BytesView cms, int type_nid) {
  if (type_nid != NID_pkcs7_enveloped) {
    return decode_whole<CMS_ContentInfo>(d2i_CMS_ContentInfo, CMS_ContentInfo_free, cms);
  }
  const auto into_context = [](CMS_ContentInfo**, const unsigned char** bytes, long size) {
    CMS_ContentInfo* message = CMS_ContentInfo_new_ex(envelope_context(), nullptr);
    return d2i_CMS_ContentInfo(&message, bytes, size);  // frees `message` when it fails
  };
  return decode_whole<CMS_ContentInfo>(into_context, CMS_ContentInfo_free, cms);
}

}  // namespace

Result<CmsPointer> parse_content_info(BytesView cms, int type_nid) {
  CmsPointer message(decode(cms, type_nid));
  if (!message) return failure(ErrorCode::malformed, "CMS: not one message, whole and alone");
  if (OBJ_obj2nid(CMS_get0_type(message.get())) != type_nid) {
    return failure(ErrorCode::malformed,
                   std::string("CMS: content type is not ") + OBJ_nid2sn(type_nid));
  }
  return message;
}

Result<CMS_SignerInfo*> only_signer(CMS_ContentInfo* cms) {
  const STACK_OF(CMS_SignerInfo)* signers = CMS_get0_SignerInfos(cms);
  if (signers == nullptr || sk_CMS_SignerInfo_num(signers) != 1) {
    return failure(ErrorCode::malformed, "CMS: not exactly one signer");
  }
  return sk_CMS_SignerInfo_value(signers, 0);
}

std::optional<BytesView> embedded_content(CMS_ContentInfo* cms) {
  ASN1_OCTET_STRING** place = CMS_get0_content(cms);
  if (place == nullptr || *place == nullptr) return std::nullopt;
  return BytesView(reinterpret_cast<const char*>(ASN1_STRING_get0_data(*place)),
                   static_cast<size_t>(ASN1_STRING_length(*place)));
}

bool add_certificate(CMS_ContentInfo* cms, const Certificate& certificate) {
  const CertificateStack present(CMS_get1_certs(cms));
  for (int i = 0; present && i < sk_X509_num(present.get()); ++i) {
    if (X509_cmp(sk_X509_value(present.get(), i), certificate.native()) == 0) return true;
  }
  return CMS_add1_cert(cms, certificate.native()) == 1;
}

Result<Bytes> wrap_certificates(std::span<const Certificate> certificates) {
  const ErrorQueueScope errors;
  const CmsPointer cms(CMS_ContentInfo_new());
  if (!cms || CMS_SignedData_init(cms.get()) != 1) {
    return openssl_failure(ErrorCode::unavailable, "CMS: certificates");
  }
  for (const Certificate& certificate : certificates) {
    if (!add_certificate(cms.get(), certificate)) {
      return openssl_failure(ErrorCode::unavailable, "CMS: certificates");
    }
  }
  return encode<CMS_ContentInfo>(i2d_CMS_ContentInfo, cms.get());
}

Result<std::vector<Certificate>> unwrap_certificates(BytesView cms) {
  const ErrorQueueScope errors;
  auto message = parse_content_info(cms, NID_pkcs7_signed);
  if (!message) return std::unexpected(message.error());
  const STACK_OF(CMS_SignerInfo)* signers = CMS_get0_SignerInfos(message->get());
  if (signers != nullptr && sk_CMS_SignerInfo_num(signers) != 0) {
    return failure(ErrorCode::malformed, "CMS: certificates only were expected, not a signer");
  }
  const CertificateStack stack(CMS_get1_certs(message->get()));
  auto certificates = certificates_of(stack.get());
  if (certificates.empty()) return failure(ErrorCode::malformed, "CMS: no certificates");
  return certificates;
}

}  // namespace reveille::pki
