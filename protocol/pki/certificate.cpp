#include "protocol/pki/certificate.h"

#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "protocol/base/ensure.h"
#include "protocol/pki/openssl.h"

namespace reveille::pki {

namespace {

std::optional<Time> time_of(const ASN1_TIME* time) {
  std::tm broken_down{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &broken_down) != 1) return std::nullopt;
  return Time(std::chrono::seconds(timegm(&broken_down)));
}

struct PemBlock {
  std::string label;
  bool encrypted = false;
  Bytes der;
};

// nullopt at the end of the text; malformed for a block that is cut or is not Base64.
Result<std::optional<PemBlock>> next_block(BIO* reader) {
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(reader, &label, &header, &data, &size) != 1) {
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (at_end) return std::nullopt;
    return openssl_failure(ErrorCode::malformed, "PEM text");
  }
  PemBlock block{.label = label,
                 .encrypted = header[0] != '\0',
                 .der = Bytes(reinterpret_cast<const char*>(data), static_cast<size_t>(size))};
  OPENSSL_free(label);
  OPENSSL_free(header);
  OPENSSL_free(data);
  return std::optional<PemBlock>(std::move(block));
}

bool is_certificate(const PemBlock& block) {
  return !block.encrypted && (block.label == PEM_STRING_X509 || block.label == PEM_STRING_X509_OLD);
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

Result<Certificate> Certificate::from_der(BytesView der) {
  const ErrorQueueScope errors;
  std::shared_ptr<X509> certificate(decode_whole<X509>(d2i_X509, X509_free, der), X509_free);
  if (!certificate) return failure(ErrorCode::malformed, "certificate: not one DER certificate");
  // The accessors below promise a time, so a certificate without a readable one never gets there.
  if (!time_of(X509_get0_notBefore(certificate.get())) ||
      !time_of(X509_get0_notAfter(certificate.get()))) {
    return failure(ErrorCode::malformed, "certificate: its validity is not readable");
  }
  return Certificate(std::move(certificate));
}

Result<Certificate> Certificate::from_pem(std::string_view pem) {
  constexpr std::string_view end_marker = "-----END CERTIFICATE-----";
  const size_t end = pem.find(end_marker);
  if (end == std::string_view::npos || !is_blank(pem.substr(end + end_marker.size()))) {
    return failure(ErrorCode::malformed, "certificate: not one PEM certificate");
  }
  auto certificates = all_from_pem(pem);
  if (!certificates) return std::unexpected(certificates.error());
  if (certificates->size() != 1) {
    return failure(ErrorCode::malformed, "certificate: not one PEM certificate");
  }
  return std::move(certificates->front());
}

Result<std::vector<Certificate>> Certificate::all_from_pem(std::string_view pem) {
  const ErrorQueueScope errors;
  const BioPointer reader = reader_of(pem);
  if (!reader) return failure(ErrorCode::malformed, "certificates: too long");
  std::vector<Certificate> certificates;
  while (true) {
    auto block = next_block(reader.get());
    if (!block) return std::unexpected(block.error());
    if (!block->has_value()) break;
    if (!is_certificate(**block)) continue;
    auto certificate = from_der((*block)->der);
    if (!certificate) return std::unexpected(certificate.error());
    certificates.push_back(std::move(*certificate));
  }
  if (certificates.empty()) {
    return failure(ErrorCode::malformed, "certificates: no CERTIFICATE block in the text");
  }
  return certificates;
}

Bytes Certificate::der() const { return encode<X509>(i2d_X509, native()); }

std::string Certificate::pem() const {
  const BioPointer text = growing_memory();
  ensure(text && PEM_write_bio_X509(text.get(), native()) == 1,
         "a certificate that was read can be written");
  return contents_of(text.get());
}

Certificate::Certificate(std::shared_ptr<X509> certificate) : certificate_(std::move(certificate)) {
  const Bytes digest = sha256_of(der());
  ensure(digest.size() == sha256_.size(), "SHA-256 has 32 bytes");
  std::ranges::copy(digest, sha256_.begin());
}

Bytes Certificate::public_key_sha256() const {
  return sha256_of(encode<X509_PUBKEY>(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(native())));
}

std::string Certificate::serial_hex() const {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(native());
  const std::string digits = to_hex(
      BytesView(reinterpret_cast<const char*>(serial->data), static_cast<size_t>(serial->length)));
  // A negative serial breaks RFC 5280, but it must not take the name of the positive one.
  return (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER) ? "-" + digits : digits;
}

std::string Certificate::subject() const { return one_line(X509_get_subject_name(native())); }

std::string Certificate::common_name() const {
  return name_entry(X509_get_subject_name(native()), NID_commonName).value_or("");
}

std::optional<std::string> Certificate::user_id() const {
  return name_entry(X509_get_subject_name(native()), NID_userId);
}

Time Certificate::not_before() const {
  const auto time = time_of(X509_get0_notBefore(native()));
  return time.value_or(Time::max());  // never valid, should a caller have built it unchecked
}

Time Certificate::not_after() const {
  const auto time = time_of(X509_get0_notAfter(native()));
  return time.value_or(Time::min());
}

bool Certificate::belongs_to(const PrivateKey& key) const {
  const ErrorQueueScope errors;
  const EVP_PKEY* own_key = X509_get0_pubkey(native());
  return own_key != nullptr && EVP_PKEY_eq(own_key, key.native()) == 1;
}

bool Certificate::is_self_signed() const {
  const ErrorQueueScope errors;
  // Not X509_self_signed(): it refuses certificates with odd extensions, and clients make such.
  if (X509_NAME_cmp(X509_get_issuer_name(native()), X509_get_subject_name(native())) != 0) {
    return false;
  }
  EVP_PKEY* key = X509_get0_pubkey(native());
  return is_accepted_public_key(key) && X509_verify(native(), key) == 1;
}

bool Certificate::is_rsa() const {
  const ErrorQueueScope errors;
  return is_rsa_key(X509_get0_pubkey(native()));
}

bool operator==(const Certificate& left, const Certificate& right) {
  return left.native() == right.native() || left.der() == right.der();
}

}  // namespace reveille::pki
