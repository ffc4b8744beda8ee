#pragma once

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"

// Private to protocol/pki: OpenSSL's C interface with owners, and its errors as ours. No other
// folder includes it.
namespace reveille::pki {

template <auto Free>
struct Deleter {
  template <typename Object>
  void operator()(Object* object) const {
    Free(object);
  }
};

inline void free_certificate_stack(STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }
inline void free_openssl_bytes(unsigned char* bytes) { OPENSSL_free(bytes); }

using BioPointer = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using CmsPointer = std::unique_ptr<CMS_ContentInfo, Deleter<CMS_ContentInfo_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertificatePointer = std::unique_ptr<X509, Deleter<X509_free>>;
using CertificateStack = std::unique_ptr<STACK_OF(X509), Deleter<free_certificate_stack>>;
using OpensslBytes = std::unique_ptr<unsigned char, Deleter<free_openssl_bytes>>;

// The reason of the newest error on this thread's queue; the queue is empty afterwards. Reasons are
// OpenSSL's fixed texts: no bytes of the input are in them.
std::string last_openssl_error();

// `what` with OpenSSL's reason behind it.
std::unexpected<Error> openssl_failure(ErrorCode code, const std::string& what);

// Empties the thread's error queue when the scope ends: OpenSSL leaves entries there on some
// successes too, and a later SSL_get_error() on this thread would take them for its own.
class ErrorQueueScope {
 public:
  ErrorQueueScope() = default;
  ErrorQueueScope(const ErrorQueueScope&) = delete;
  ErrorQueueScope& operator=(const ErrorQueueScope&) = delete;
  ~ErrorQueueScope() { ERR_clear_error(); }
};

// Fetched from the provider once a process: a lookup for every call costs more than the hash.
const EVP_MD* sha256_algorithm();
Bytes sha256_of(BytesView bytes);

// Reads `bytes` in place, which must outlive it. nullptr past 2 GiB, which no caller's limit
// allows.
BioPointer reader_of(BytesView bytes);
BioPointer growing_memory();
Bytes contents_of(BIO* memory);

// SHA-1 and SHA-2: what devices of the last ten years sign with. SHA-1 is accepted because the
// field still sends it; nothing here writes it. MD5 and anything unknown are refused.
// Fetched once a process; nullptr when refused.
const EVP_MD* accepted_digest(int nid);

// RSA of 1024 to 8192 bits, or EC on P-256, P-384 or P-521 by name. The rest is refused before any
// arithmetic: huge moduli and home-made curves are ways to burn a server's time. So are keys marked
// for RSA-PSS only: nothing can be encrypted for them, and no device has one.
bool is_accepted_public_key(const EVP_PKEY* key);

bool is_rsa_key(const EVP_PKEY* key);

// DER of `object` by its i2d function.
template <typename Object>
Bytes encode(int (*write)(const Object*, unsigned char**), const Object* object) {
  unsigned char* raw = nullptr;
  const int size = write(object, &raw);
  const OpensslBytes owner(raw);
  if (size <= 0) return {};
  return Bytes(reinterpret_cast<const char*>(raw), static_cast<size_t>(size));
}

// The object that fills `bytes` to the last byte, by its d2i function; nullptr otherwise. The
// caller owns what is returned.
template <typename Object>
Object* decode_whole(Object* (*read)(Object**, const unsigned char**, long),
                     void (*release)(Object*), BytesView bytes) {
  if (bytes.size() > static_cast<size_t>(INT32_MAX)) return nullptr;
  const auto* begin = reinterpret_cast<const unsigned char*>(bytes.data());
  const auto* position = begin;
  Object* object = read(nullptr, &position, static_cast<long>(bytes.size()));
  if (object == nullptr) return nullptr;
  if (position != begin + bytes.size()) {
    release(object);
    return nullptr;
  }
  return object;
}

// A stack that shares the certificates; nullptr when memory is short.
CertificateStack stack_of(std::span<const Certificate> certificates);
std::vector<Certificate> certificates_of(const STACK_OF(X509) * stack);

// Shares `certificate`, which its owner keeps.
Certificate share(X509* certificate);

// Whether all of it is in PrintableString's alphabet (X.680, 41.4).
bool is_printable_string(std::string_view text);

// The text of the name's first entry of this kind as UTF-8; nullopt when there is none.
std::optional<std::string> name_entry(const X509_NAME* name, int nid);
std::string one_line(const X509_NAME* name);

// Adds CN, and O and UID where given, as UTF8String or shorter forms. False: too long or not UTF-8.
bool fill_name(X509_NAME* name, const std::string& common_name, const std::string& organisation,
               const std::optional<std::string>& user_id);

}  // namespace reveille::pki
