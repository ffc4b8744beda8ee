#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "protocol/base/ensure.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"

// An organisation's authority and its devices, made anew for each test program. The clock stands at
// `today`.
namespace reveille::pki {

inline constexpr Time today = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1);

template <typename Value>
Value must(Result<Value> result) {
  if (!result) ADD_FAILURE() << result.error().detail;
  ensure(result.has_value(), "what a test prepares succeeds");
  return *std::move(result);
}

// RSA keys take a while: each is made once, when first asked for.
inline const PrivateKey& authority_key() {
  static const PrivateKey key = must(PrivateKey::generate_rsa(2048));
  return key;
}
inline const PrivateKey& rsa_key() {
  static const PrivateKey key = must(PrivateKey::generate_rsa(2048));
  return key;
}
inline const PrivateKey& ec_key() {
  static const PrivateKey key = must(PrivateKey::generate_p256());
  return key;
}

using Purpose = CertificateTemplate::Purpose;

// Valid from yesterday for a year.
inline CertificateTemplate contents_for(const std::string& common_name,
                                        Purpose purpose = Purpose::tls_client) {
  return {.common_name = common_name,
          .organisation = "Example",
          .user_id = std::nullopt,
          .dns_names = {},
          .serial = Bytes(16, '\x11'),
          .not_before = today - std::chrono::days(1),
          .not_after = today + std::chrono::days(365),
          .purpose = purpose};
}

struct Identity {
  Certificate certificate;
  PrivateKey key;
};

inline Identity authority(const std::string& name = "Example Authority",
                          const PrivateKey& key = authority_key()) {
  return {must(issue_self_signed(contents_for(name, Purpose::authority), key)), key};
}

inline Identity device_of(const Identity& issuer, const PrivateKey& key = ec_key(),
                          const std::string& name = "phone") {
  CertificateTemplate contents = contents_for(name);
  contents.serial = key.public_key_sha256().substr(0, 16);  // one issuer's must differ
  return {must(issue(contents, key, issuer.certificate, issuer.key)), key};
}

inline Identity self_signed_client(const PrivateKey& key, const std::string& name = "phone") {
  return {must(issue_self_signed(contents_for(name), key)), key};
}

}  // namespace reveille::pki
