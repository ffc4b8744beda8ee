#include "protocol/pki/certificate_request.h"

#include "protocol/pki/openssl.h"

namespace reveille::pki {

namespace {

// The digest that the request is signed over is one that we accept. RSA-PSS, which hides its digest
// in parameters, is none of those: no device signs its request so.
bool has_accepted_signature_algorithm(const X509_REQ* request) {
  int digest = NID_undef;
  return OBJ_find_sigid_algs(X509_REQ_get_signature_nid(request), &digest, nullptr) == 1 &&
         accepted_digest(digest) != nullptr;
}

bool add_challenge(X509_REQ* request, const std::string& challenge) {
  const int type = is_printable_string(challenge) ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;
  return X509_REQ_add1_attr_by_NID(request, NID_pkcs9_challengePassword, type,
                                   reinterpret_cast<const unsigned char*>(challenge.data()),
                                   static_cast<int>(challenge.size())) == 1;
}

}  // namespace

Result<CertificateRequest> CertificateRequest::from_der(BytesView der) {
  const ErrorQueueScope errors;
  std::shared_ptr<X509_REQ> request(decode_whole<X509_REQ>(d2i_X509_REQ, X509_REQ_free, der),
                                    X509_REQ_free);
  if (!request) return failure(ErrorCode::malformed, "certificate request: not one DER request");
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (!is_accepted_public_key(key)) {
    return failure(ErrorCode::malformed, "certificate request: kind or size of its key");
  }
  if (!has_accepted_signature_algorithm(request.get())) {
    return failure(ErrorCode::malformed, "certificate request: signature algorithm");
  }
  if (X509_REQ_verify(request.get(), key) != 1) {
    return failure(ErrorCode::unauthorised, "certificate request: not signed by its own key");
  }
  return CertificateRequest(std::move(request));
}

Result<CertificateRequest> CertificateRequest::create(const std::string& common_name,
                                                      const std::string& organisation,
                                                      const std::optional<std::string>& challenge,
                                                      const PrivateKey& key) {
  const ErrorQueueScope errors;
  const std::unique_ptr<X509_REQ, Deleter<X509_REQ_free>> request(X509_REQ_new());
  if (!request) return openssl_failure(ErrorCode::unavailable, "certificate request");
  X509_NAME* subject = X509_REQ_get_subject_name(request.get());
  if (!fill_name(subject, common_name, organisation, std::nullopt)) {
    return openssl_failure(ErrorCode::malformed, "certificate request: subject");
  }
  if (challenge && !add_challenge(request.get(), *challenge)) {
    return openssl_failure(ErrorCode::malformed, "certificate request: challenge");
  }
  if (X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_pubkey(request.get(), key.native()) != 1 ||
      X509_REQ_sign(request.get(), key.native(), sha256_algorithm()) <= 0) {
    return openssl_failure(ErrorCode::unavailable, "certificate request: signature");
  }
  // Read back, so that all encodings are made before threads share it.
  return from_der(encode<X509_REQ>(i2d_X509_REQ, request.get()));
}

Bytes CertificateRequest::der() const { return encode<X509_REQ>(i2d_X509_REQ, native()); }

Bytes CertificateRequest::sha256() const { return sha256_of(der()); }

std::string CertificateRequest::subject() const {
  return one_line(X509_REQ_get_subject_name(native()));
}

std::string CertificateRequest::common_name() const {
  return name_entry(X509_REQ_get_subject_name(native()), NID_commonName).value_or("");
}

std::optional<std::string> CertificateRequest::challenge_password() const {
  const int index = X509_REQ_get_attr_by_NID(native(), NID_pkcs9_challengePassword, -1);
  if (index < 0) return std::nullopt;
  // Two challenges are no challenge: which of them was meant is not ours to guess.
  if (X509_REQ_get_attr_by_NID(native(), NID_pkcs9_challengePassword, index) >= 0) {
    return std::nullopt;
  }
  X509_ATTRIBUTE* attribute = X509_REQ_get_attr(native(), index);
  if (X509_ATTRIBUTE_count(attribute) != 1) return std::nullopt;
  const ASN1_TYPE* value = X509_ATTRIBUTE_get0_type(attribute, 0);
  const int type = ASN1_TYPE_get(value);
  if (type != V_ASN1_PRINTABLESTRING && type != V_ASN1_UTF8STRING && type != V_ASN1_IA5STRING &&
      type != V_ASN1_T61STRING && type != V_ASN1_BMPSTRING) {
    return std::nullopt;
  }
  const ErrorQueueScope errors;
  unsigned char* raw = nullptr;
  const int size = ASN1_STRING_to_UTF8(&raw, value->value.asn1_string);
  const OpensslBytes owner(raw);
  if (size < 0) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(raw), static_cast<size_t>(size));
}

Bytes CertificateRequest::public_key_sha256() const {
  return sha256_of(encode<X509_PUBKEY>(i2d_X509_PUBKEY, X509_REQ_get_X509_PUBKEY(native())));
}

bool CertificateRequest::is_rsa() const { return is_rsa_key(X509_REQ_get0_pubkey(native())); }

int CertificateRequest::key_bits() const {
  return EVP_PKEY_get_bits(X509_REQ_get0_pubkey(native()));
}

}  // namespace reveille::pki
