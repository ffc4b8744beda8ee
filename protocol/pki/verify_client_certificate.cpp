#include <openssl/x509_vfy.h>

#include "protocol/pki/certificate.h"
#include "protocol/pki/openssl.h"

namespace reveille::pki {

namespace {

using StorePointer = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using StoreContextPointer = std::unique_ptr<X509_STORE_CTX, Deleter<X509_STORE_CTX_free>>;

// Of a chain. No authority of the field has more than two; each is one more signature to verify.
constexpr int intermediates_max = 8;

// Only what is handed in is trusted: the system's store is never loaded. A store without
// X509_V_FLAG_PARTIAL_CHAIN ends every chain at a self-signed anchor.
StorePointer store_of(std::span<const Certificate> anchors) {
  StorePointer store(X509_STORE_new());
  if (!store) return nullptr;
  for (const Certificate& anchor : anchors) {
    if (X509_STORE_add_cert(store.get(), anchor.native()) != 1) return nullptr;
  }
  return store;
}

}  // namespace

Result<void> verify_client_certificate(const Certificate& leaf,
                                       std::span<const Certificate> intermediates,
                                       std::span<const Certificate> anchors, Time time) {
  const ErrorQueueScope errors;
  const StorePointer store = store_of(anchors);
  const CertificateStack untrusted = stack_of(intermediates);
  const StoreContextPointer context(X509_STORE_CTX_new());
  if (!store || !untrusted || !context ||
      X509_STORE_CTX_init(context.get(), store.get(), leaf.native(), untrusted.get()) != 1 ||
      X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_CLIENT) != 1) {
    return openssl_failure(ErrorCode::unavailable, "client certificate");
  }
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, static_cast<time_t>(time.time_since_epoch().count()));
  X509_VERIFY_PARAM_set_depth(parameters, intermediates_max);
  if (X509_verify_cert(context.get()) == 1) return {};
  const int reason = X509_STORE_CTX_get_error(context.get());
  return failure(ErrorCode::unauthorised,
                 std::string("client certificate: ") + X509_verify_cert_error_string(reason));
}

}  // namespace reveille::pki
