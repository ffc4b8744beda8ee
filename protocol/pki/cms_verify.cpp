#include "protocol/pki/cms.h"
#include "protocol/pki/cms_message.h"
#include "protocol/pki/openssl.h"

namespace reveille::pki {

namespace {

// Who signed, and whether what they signed with is acceptable; the arithmetic comes after.
struct Signature {
  X509* signer;  // borrowed from the message or from the extra certificates
  const EVP_MD* digest;
};

Result<Signature> check_signer(CMS_ContentInfo* cms, CMS_SignerInfo* signer_info,
                               std::span<const Certificate> extra_certificates) {
  const CertificateStack extra = stack_of(extra_certificates);
  if (!extra) return openssl_failure(ErrorCode::unavailable, "CMS: certificates");
  CMS_set1_signers_certs(cms, extra.get(), 0);

  EVP_PKEY* key = nullptr;
  X509* signer = nullptr;
  X509_ALGOR* digest_algorithm = nullptr;
  CMS_SignerInfo_get0_algs(signer_info, &key, &signer, &digest_algorithm, nullptr);
  if (signer == nullptr) {
    return failure(ErrorCode::unauthorised, "CMS: the signer's certificate did not come with it");
  }
  if (!is_accepted_public_key(key)) {
    return failure(ErrorCode::unauthorised, "CMS: kind or size of the signer's key");
  }
  const ASN1_OBJECT* algorithm = nullptr;
  X509_ALGOR_get0(&algorithm, nullptr, nullptr, digest_algorithm);
  const EVP_MD* digest = accepted_digest(OBJ_obj2nid(algorithm));
  if (digest == nullptr) {
    return failure(ErrorCode::unauthorised, "CMS: digest is neither SHA-1 nor SHA-2");
  }
  return Signature{.signer = signer, .digest = digest};
}

// A filter that has hashed `content`. CMS_verify() would hash it once for every algorithm that the
// message lists, and a header of 16 KiB can list a thousand for a body of 32 MiB.
BioPointer hashed(BytesView content, const EVP_MD* digest) {
  BioPointer filter(BIO_new(BIO_f_md()));
  BIO* sink = BIO_new(BIO_s_null());
  if (!filter || sink == nullptr) {
    BIO_free(sink);
    return nullptr;
  }
  BIO_push(filter.get(), sink);  // freed with the filter
  size_t written = 0;
  const bool done = BIO_set_md(filter.get(), digest) == 1 &&
                    (content.empty() ||
                     BIO_write_ex(filter.get(), content.data(), content.size(), &written) == 1);
  return done && written == content.size() ? std::move(filter) : nullptr;
}

}  // namespace

Result<Certificate> verify_signature(CMS_ContentInfo* cms, BytesView content,
                                     std::span<const Certificate> extra_certificates) {
  const auto signer_info = only_signer(cms);
  if (!signer_info) return std::unexpected(signer_info.error());
  const auto signature = check_signer(cms, *signer_info, extra_certificates);
  if (!signature) return std::unexpected(signature.error());

  // The chain is left to verify_client_certificate(), which knows anchors, purpose and time:
  // OpenSSL's default purpose would refuse every client-only certificate.
  const BioPointer hash = hashed(content, signature->digest);
  if (!hash) return openssl_failure(ErrorCode::unavailable, "CMS: hash of the content");
  const bool has_attributes = CMS_signed_get_attr_count(*signer_info) >= 0;
  if ((has_attributes && CMS_SignerInfo_verify(*signer_info) != 1) ||
      CMS_SignerInfo_verify_content(*signer_info, hash.get()) != 1) {
    return openssl_failure(ErrorCode::unauthorised, "CMS: signature");
  }
  return share(signature->signer);
}

Result<Certificate> verify_signed_attributes(BytesView cms) {
  const ErrorQueueScope errors;
  const auto message = parse_content_info(cms, NID_pkcs7_signed);
  if (!message) return std::unexpected(message.error());
  const auto signer_info = only_signer(message->get());
  if (!signer_info) return std::unexpected(signer_info.error());
  const auto signature = check_signer(message->get(), *signer_info, {});
  if (!signature) return std::unexpected(signature.error());
  if (CMS_signed_get_attr_count(*signer_info) < 0) {
    return failure(ErrorCode::unauthorised, "CMS: no signed attributes");
  }
  if (CMS_SignerInfo_verify(*signer_info) != 1) {
    return openssl_failure(ErrorCode::unauthorised, "CMS: signature");
  }
  return share(signature->signer);
}

Result<VerifiedContent> verify_attached(BytesView cms,
                                        std::span<const Certificate> extra_certificates) {
  const ErrorQueueScope errors;
  const auto message = parse_content_info(cms, NID_pkcs7_signed);
  if (!message) return std::unexpected(message.error());
  const auto content = embedded_content(message->get());
  if (!content) return failure(ErrorCode::malformed, "CMS: no content in the signed message");
  auto signer = verify_signature(message->get(), *content, extra_certificates);
  if (!signer) return std::unexpected(signer.error());
  const CertificateStack all(CMS_get1_certs(message->get()));
  return VerifiedContent{.content = Bytes(*content),
                         .signer = std::move(*signer),
                         .certificates = certificates_of(all.get())};
}

Result<Certificate> verify_detached(BytesView cms, BytesView content) {
  const ErrorQueueScope errors;
  const auto message = parse_content_info(cms, NID_pkcs7_signed);
  if (!message) return std::unexpected(message.error());
  // Two contents, one inside and one beside the signature, invite reading the wrong one.
  if (embedded_content(message->get())) {
    return failure(ErrorCode::malformed, "CMS: a detached signature carries content");
  }
  return verify_signature(message->get(), content, {});
}

}  // namespace reveille::pki
