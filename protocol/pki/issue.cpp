// Makes certificates: every extension is built as a value, never from configuration text, so a name
// cannot smuggle in another.
#include <algorithm>
#include <array>

#include "protocol/base/ensure.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/certificate_request.h"
#include "protocol/pki/openssl.h"

namespace reveille::pki {

namespace {

using Purpose = CertificateTemplate::Purpose;

constexpr size_t key_identifier_bytes = 20;

using BigNumberPointer = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using TimePointer = std::unique_ptr<ASN1_TIME, Deleter<ASN1_TIME_free>>;
using OctetsPointer = std::unique_ptr<ASN1_OCTET_STRING, Deleter<ASN1_OCTET_STRING_free>>;
using BitsPointer = std::unique_ptr<ASN1_BIT_STRING, Deleter<ASN1_BIT_STRING_free>>;
using ConstraintsPointer = std::unique_ptr<BASIC_CONSTRAINTS, Deleter<BASIC_CONSTRAINTS_free>>;
using ExtendedUsagePointer = std::unique_ptr<EXTENDED_KEY_USAGE, Deleter<EXTENDED_KEY_USAGE_free>>;
using AuthorityIdPointer = std::unique_ptr<AUTHORITY_KEYID, Deleter<AUTHORITY_KEYID_free>>;
using NamePointer = std::unique_ptr<GENERAL_NAME, Deleter<GENERAL_NAME_free>>;
using NamesPointer = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;

bool add_extension(X509* certificate, int nid, void* value, bool critical) {
  return value != nullptr &&
         X509_add1_ext_i2d(certificate, nid, value, critical ? 1 : 0, X509V3_ADD_DEFAULT) == 1;
}

bool set_serial(X509* certificate, Bytes serial) {
  ensure(!serial.empty() && serial.size() <= 20, "a serial number has 1 to 20 bytes");
  serial[0] = static_cast<char>(serial[0] & 0x7f);  // RFC 5280, 4.1.2.2: never negative
  const BigNumberPointer number(BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()),
                                          static_cast<int>(serial.size()), nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, Time not_before, Time not_after) {
  const TimePointer begin(ASN1_TIME_set(nullptr, not_before.time_since_epoch().count()));
  const TimePointer end(ASN1_TIME_set(nullptr, not_after.time_since_epoch().count()));
  return begin && end && X509_set1_notBefore(certificate, begin.get()) == 1 &&
         X509_set1_notAfter(certificate, end.get()) == 1;
}

bool add_basic_constraints(X509* certificate, Purpose purpose) {
  const ConstraintsPointer constraints(BASIC_CONSTRAINTS_new());
  if (!constraints) return false;
  constraints->ca = purpose == Purpose::authority ? 0xff : 0;
  return add_extension(certificate, NID_basic_constraints, constraints.get(), true);
}

bool add_key_usage(X509* certificate, Purpose purpose, bool rsa) {
  // Bit numbers of RFC 5280, 4.2.1.3. An EC key takes part in encryption by agreeing on a key.
  constexpr int digital_signature = 0;
  constexpr int key_encipherment = 2;
  constexpr int key_agreement = 4;
  constexpr int certificate_sign = 5;
  constexpr int revocation_sign = 6;
  const BitsPointer usage(ASN1_BIT_STRING_new());
  if (!usage) return false;
  bool done = ASN1_BIT_STRING_set_bit(usage.get(), digital_signature, 1) == 1 &&
              ASN1_BIT_STRING_set_bit(usage.get(), rsa ? key_encipherment : key_agreement, 1) == 1;
  if (purpose == Purpose::authority) {
    done = done && ASN1_BIT_STRING_set_bit(usage.get(), certificate_sign, 1) == 1 &&
           ASN1_BIT_STRING_set_bit(usage.get(), revocation_sign, 1) == 1;
  }
  return done && add_extension(certificate, NID_key_usage, usage.get(), true);
}

bool add_extended_key_usage(X509* certificate, Purpose purpose) {
  if (purpose == Purpose::authority) return true;
  const ExtendedUsagePointer usage(EXTENDED_KEY_USAGE_new());
  ASN1_OBJECT* object =
      OBJ_nid2obj(purpose == Purpose::tls_server ? NID_server_auth : NID_client_auth);
  if (!usage || sk_ASN1_OBJECT_push(usage.get(), object) == 0) return false;
  return add_extension(certificate, NID_ext_key_usage, usage.get(), false);
}

// RFC 7093, method 1: the left 160 bits of the key's SHA-256.
bool add_subject_key_identifier(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  const OctetsPointer identifier(ASN1_OCTET_STRING_new());
  return identifier &&
         X509_pubkey_digest(certificate, sha256_algorithm(), digest.data(), &size) == 1 &&
         ASN1_OCTET_STRING_set(identifier.get(), digest.data(), key_identifier_bytes) == 1 &&
         add_extension(certificate, NID_subject_key_identifier, identifier.get(), false);
}

// Left out where the issuer's certificate has no identifier to name.
bool add_authority_key_identifier(X509* certificate, X509* issuer) {
  const ASN1_OCTET_STRING* issuer_identifier = X509_get0_subject_key_id(issuer);
  if (issuer_identifier == nullptr) return true;
  const AuthorityIdPointer identifier(AUTHORITY_KEYID_new());
  if (!identifier) return false;
  identifier->keyid = ASN1_OCTET_STRING_dup(issuer_identifier);
  return identifier->keyid != nullptr &&
         add_extension(certificate, NID_authority_key_identifier, identifier.get(), false);
}

NamePointer general_name(const std::string& text) {
  NamePointer name(GENERAL_NAME_new());
  if (!name || text.empty()) return nullptr;
  if (ASN1_OCTET_STRING* address = a2i_IPADDRESS(text.c_str()); address != nullptr) {
    GENERAL_NAME_set0_value(name.get(), GEN_IPADD, address);
    return name;
  }
  ERR_clear_error();  // "not an address" is no error here
  const auto is_ascii = [](char letter) { return letter > ' ' && letter <= '~'; };
  if (!std::ranges::all_of(text, is_ascii)) return nullptr;  // IA5String has no more
  ASN1_IA5STRING* dns_name = ASN1_IA5STRING_new();
  if (dns_name == nullptr) return nullptr;
  GENERAL_NAME_set0_value(name.get(), GEN_DNS, dns_name);
  if (ASN1_STRING_set(dns_name, text.data(), static_cast<int>(text.size())) != 1) return nullptr;
  return name;
}

bool add_alternative_names(X509* certificate, std::span<const std::string> dns_names) {
  if (dns_names.empty()) return true;
  const NamesPointer names(GENERAL_NAMES_new());
  if (!names) return false;
  for (const std::string& text : dns_names) {
    NamePointer name = general_name(text);
    if (!name || sk_GENERAL_NAME_push(names.get(), name.get()) == 0) return false;
    [[maybe_unused]] const GENERAL_NAME* owned_by_the_stack = name.release();
  }
  return add_extension(certificate, NID_subject_alt_name, names.get(), false);
}

bool add_extensions(X509* certificate, const CertificateTemplate& contents, bool rsa) {
  return add_basic_constraints(certificate, contents.purpose) &&
         add_key_usage(certificate, contents.purpose, rsa) &&
         add_extended_key_usage(certificate, contents.purpose) &&
         add_subject_key_identifier(certificate) &&
         add_alternative_names(certificate, contents.dns_names);
}

// Copies the request's public key as it is encoded. X509_set_pubkey() would encode the key anew and
// decode what it wrote, which takes as long as half an RSA signature.
bool copy_public_key(X509* certificate, const CertificateRequest& request) {
  const unsigned char* bits = nullptr;
  int size = 0;
  X509_ALGOR* algorithm = nullptr;
  if (X509_PUBKEY_get0_param(nullptr, &bits, &size, &algorithm,
                             X509_REQ_get_X509_PUBKEY(request.native())) != 1) {
    return false;
  }
  const ASN1_OBJECT* kind = nullptr;
  int parameters_type = V_ASN1_UNDEF;
  const void* parameters = nullptr;
  X509_ALGOR_get0(&kind, &parameters_type, &parameters, algorithm);
  // The parameters of an RSA key are NULL or absent, those of an EC key name its curve.
  const bool is_curve = parameters_type == V_ASN1_OBJECT;
  if (!is_curve && parameters_type != V_ASN1_NULL && parameters_type != V_ASN1_UNDEF) return false;
  ASN1_OBJECT* curve = is_curve ? OBJ_dup(static_cast<const ASN1_OBJECT*>(parameters)) : nullptr;
  auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(bits, static_cast<size_t>(size)));
  if (copy != nullptr && (curve != nullptr || !is_curve) &&
      X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(certificate), OBJ_dup(kind), parameters_type,
                             curve, copy, size) == 1) {
    return true;  // it owns the copies now
  }
  ASN1_OBJECT_free(curve);
  OPENSSL_free(copy);
  return false;
}

using Draft = Result<CertificatePointer>;

// All but subject, public key, what depends on the key, issuer and signature.
Draft start_draft(const CertificateTemplate& contents) {
  CertificatePointer certificate(X509_new());
  if (!certificate) return openssl_failure(ErrorCode::unavailable, "certificate");
  const bool filled = X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                      set_serial(certificate.get(), contents.serial) &&
                      set_validity(certificate.get(), contents.not_before, contents.not_after);
  if (!filled) return openssl_failure(ErrorCode::malformed, "certificate: contents");
  return certificate;
}

Draft draft_for_key(const CertificateTemplate& contents, const PrivateKey& key) {
  Draft draft = start_draft(contents);
  if (!draft) return draft;
  X509* certificate = draft->get();
  if (!fill_name(X509_get_subject_name(certificate), contents.common_name, contents.organisation,
                 contents.user_id)) {
    return openssl_failure(ErrorCode::malformed, "certificate: subject");
  }
  if (X509_set_pubkey(certificate, key.native()) != 1 ||
      !add_extensions(certificate, contents, key.is_rsa())) {
    return openssl_failure(ErrorCode::malformed, "certificate: contents");
  }
  return draft;
}

Draft draft_for_request(const CertificateTemplate& contents, const CertificateRequest& request) {
  Draft draft = start_draft(contents);
  if (!draft) return draft;
  X509* certificate = draft->get();
  const bool named =
      contents.common_name.empty()
          ? X509_set_subject_name(certificate, X509_REQ_get_subject_name(request.native())) == 1
          : fill_name(X509_get_subject_name(certificate), contents.common_name,
                      contents.organisation, contents.user_id);
  if (!named) return openssl_failure(ErrorCode::malformed, "certificate: subject");
  if (!copy_public_key(certificate, request) ||
      !add_extensions(certificate, contents, request.is_rsa())) {
    return openssl_failure(ErrorCode::malformed, "certificate: contents");
  }
  return draft;
}

Result<Certificate> sign(CertificatePointer certificate, const PrivateKey& key) {
  if (X509_sign(certificate.get(), key.native(), sha256_algorithm()) <= 0) {
    return openssl_failure(ErrorCode::unavailable, "certificate: signature");
  }
  // Read back what was written: a certificate under construction keeps unencoded parts, whose
  // first encoding is not safe between threads.
  return Certificate::from_der(encode<X509>(i2d_X509, certificate.get()));
}

Result<Certificate> sign_as_issuer(Draft certificate, const Certificate& issuer,
                                   const PrivateKey& issuer_key) {
  if (!certificate) return std::unexpected(certificate.error());
  if (!issuer.belongs_to(issuer_key)) {
    return failure(ErrorCode::malformed, "certificate: the issuer's key is not its certificate's");
  }
  if (X509_set_issuer_name(certificate->get(), X509_get_subject_name(issuer.native())) != 1 ||
      !add_authority_key_identifier(certificate->get(), issuer.native())) {
    return openssl_failure(ErrorCode::unavailable, "certificate: issuer");
  }
  return sign(std::move(*certificate), issuer_key);
}

}  // namespace

Result<Certificate> issue_self_signed(const CertificateTemplate& contents, const PrivateKey& key) {
  const ErrorQueueScope errors;
  auto certificate = draft_for_key(contents, key);
  if (!certificate) return std::unexpected(certificate.error());
  const X509_NAME* subject = X509_get_subject_name(certificate->get());
  if (X509_set_issuer_name(certificate->get(), subject) != 1) {
    return openssl_failure(ErrorCode::unavailable, "certificate: issuer");
  }
  return sign(std::move(*certificate), key);
}

Result<Certificate> issue(const CertificateTemplate& contents, const PrivateKey& public_half_of,
                          const Certificate& issuer, const PrivateKey& issuer_key) {
  const ErrorQueueScope errors;
  return sign_as_issuer(draft_for_key(contents, public_half_of), issuer, issuer_key);
}

Result<Certificate> issue(const CertificateRequest& request, const CertificateTemplate& contents,
                          const Certificate& issuer, const PrivateKey& issuer_key) {
  const ErrorQueueScope errors;
  CertificateTemplate client = contents;
  client.purpose = Purpose::tls_client;  // whatever the template would rather have
  return sign_as_issuer(draft_for_request(client, request), issuer, issuer_key);
}

}  // namespace reveille::pki
