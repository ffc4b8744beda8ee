#include "protocol/pki/openssl.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include <array>
#include <string_view>

#include "protocol/base/ensure.h"

namespace reveille::pki {

std::string last_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "no reason given" : reason;
}

std::unexpected<Error> openssl_failure(ErrorCode code, const std::string& what) {
  return failure(code, what + ": " + last_openssl_error());
}

namespace {

const EVP_MD* fetch_digest(const char* name) {
  const EVP_MD* digest = EVP_MD_fetch(nullptr, name, nullptr);
  ensure(digest != nullptr, "OpenSSL's default provider has SHA-1 and SHA-2");
  return digest;
}

}  // namespace

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = fetch_digest("SHA256");
  return algorithm;
}

Bytes sha256_of(BytesView bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, sha256_algorithm(), nullptr);
  ensure(done == 1, "hashing memory cannot fail");
  return Bytes(reinterpret_cast<const char*>(digest.data()), size);
}

BioPointer reader_of(BytesView bytes) {
  if (bytes.size() > static_cast<size_t>(INT32_MAX)) return nullptr;
  const char* data = bytes.empty() ? "" : bytes.data();
  return BioPointer(BIO_new_mem_buf(data, static_cast<int>(bytes.size())));
}

BioPointer growing_memory() { return BioPointer(BIO_new(BIO_s_mem())); }

Bytes contents_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return size <= 0 ? Bytes() : Bytes(data, static_cast<size_t>(size));
}

const EVP_MD* accepted_digest(int nid) {
  static const EVP_MD* const sha1 = fetch_digest("SHA1");
  static const EVP_MD* const sha224 = fetch_digest("SHA224");
  static const EVP_MD* const sha384 = fetch_digest("SHA384");
  static const EVP_MD* const sha512 = fetch_digest("SHA512");
  switch (nid) {
    case NID_sha1:
      return sha1;
    case NID_sha224:
      return sha224;
    case NID_sha256:
      return sha256_algorithm();
    case NID_sha384:
      return sha384;
    case NID_sha512:
      return sha512;
    default:
      return nullptr;
  }
}

bool is_rsa_key(const EVP_PKEY* key) { return key != nullptr && EVP_PKEY_is_a(key, "RSA") == 1; }

namespace {

bool is_named_curve(const EVP_PKEY* key) {
  int from_explicit_parameters = 0;
  EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                         &from_explicit_parameters);
  if (from_explicit_parameters != 0) return false;
  std::array<char, 64> name{};
  size_t size = 0;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) != 1) return false;
  const std::string_view curve(name.data(), size);
  return curve == "prime256v1" || curve == "secp384r1" || curve == "secp521r1";
}

}  // namespace

bool is_accepted_public_key(const EVP_PKEY* key) {
  if (key == nullptr) return false;
  if (is_rsa_key(key)) {
    const int bits = EVP_PKEY_get_bits(key);
    return bits >= 1024 && bits <= 8192;
  }
  return EVP_PKEY_is_a(key, "EC") == 1 && is_named_curve(key);
}

CertificateStack stack_of(std::span<const Certificate> certificates) {
  CertificateStack stack(sk_X509_new_null());
  if (!stack) return nullptr;
  for (const Certificate& certificate : certificates) {
    X509_up_ref(certificate.native());
    if (sk_X509_push(stack.get(), certificate.native()) == 0) {
      X509_free(certificate.native());
      return nullptr;
    }
  }
  return stack;
}

Certificate share(X509* certificate) {
  X509_up_ref(certificate);
  return Certificate(std::shared_ptr<X509>(certificate, X509_free));
}

std::vector<Certificate> certificates_of(const STACK_OF(X509) * stack) {
  std::vector<Certificate> certificates;
  for (int i = 0; stack != nullptr && i < sk_X509_num(stack); ++i) {
    certificates.push_back(share(sk_X509_value(stack, i)));
  }
  return certificates;
}

bool is_printable_string(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?";
  return text.find_first_not_of(alphabet) == std::string_view::npos;
}

std::optional<std::string> name_entry(const X509_NAME* name, int nid) {
  const int index = X509_NAME_get_index_by_NID(name, nid, -1);
  if (index < 0) return std::nullopt;
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
  unsigned char* raw = nullptr;
  const int size = ASN1_STRING_to_UTF8(&raw, value);
  const OpensslBytes owner(raw);
  if (size < 0) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(raw), static_cast<size_t>(size));
}

std::string one_line(const X509_NAME* name) {
  const BioPointer text = growing_memory();
  if (!text) return {};
  X509_NAME_print_ex(text.get(), name, 0, XN_FLAG_RFC2253);
  return contents_of(text.get());
}

namespace {

bool add_name_entry(X509_NAME* name, int nid, const std::string& value) {
  return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

}  // namespace

bool fill_name(X509_NAME* name, const std::string& common_name, const std::string& organisation,
               const std::optional<std::string>& user_id) {
  if (!organisation.empty() && !add_name_entry(name, NID_organizationName, organisation)) {
    return false;
  }
  if (user_id && !add_name_entry(name, NID_userId, *user_id)) return false;
  return add_name_entry(name, NID_commonName, common_name);
}

}  // namespace reveille::pki
