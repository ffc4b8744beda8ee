#pragma once

#include <array>
#include <chrono>

#include "protocol/base/ensure.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"

// Fixed keys, so that what the corpus holds can be opened and verified in every run. They are worth
// nothing: anybody can read them here.
namespace reveille::pki::fuzz {

inline const PrivateKey& ra_key() {
  static const PrivateKey key = PrivateKey::from_pem(R"(-----BEGIN PRIVATE KEY-----
MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBAPD+LcVmZro1pbmU
/u9Y+IJPY59/W8/ByP+jWcYYGcI38aZNoduaKET4itiLfQlh6afSoRI91Eb/9Ut2
qe5tMS51eJY/ILOaYoOf3x6HRHOPCYwEQLbiyTfViIzJcJlKw9hm+mQnfxRLC+wO
IpNNIyaONf8Fd8U2oyUtWEkmVmCNAgMBAAECgYEA0DXq+bflXVBoZJSURdqKqptI
qU7x1efJbwSE1Z+Q8bo/77z28LKZxC0wWLL7TpXnt/VE8Gu28bjHB3H4k2SHrby6
9u/sVGczAwunzvByFmcDWYinnTq7KTADZjuoJf6j5gILVvsoPN9uzQaHa/3Zew6A
BurUE9VxnUtPWwKmOMkCQQD/FMZYpKVkTREu8O3YPW8zkfXfyIVl3eh/E2/xNqFV
cQ8JHRB4SAyS4hP/YdW7wt0QCqO9AMwiFf5uX3lDVV5rAkEA8dxpkoB8HW/Q3j2L
NMvd4HbVYEepxMldcphHDMUtoWtTJXOrrIq8V99HMShDzAAiicZh6pTyExbIYAYH
11oK5wJAdDpdHmr3SbqsB72UQqHLl638YNmXnxD8LVsH+NsxrCL1/OsXZBdAU3Vc
M1O69fEWlYajkS1Z1nY7FsO+F2ZAvQJBANUuuId/ZOb1dh9OE/OXdpyxYeaZhBSG
gS3O92FUM6JCXWl3iWxuZRD3J2M24Hth6w+RoyEH5E/bFwc8iZDSNyUCQQC6L8vt
5erWFC5x8sUTi0iO5TXbHRk5oPTLyHMLXiLMC4bEUMLFbUcJ5uaIUIRnKZz51I5V
buYrn8A9XyIG2uFG
-----END PRIVATE KEY-----
)")
                                    .value();
  return key;
}

inline const PrivateKey& device_key() {
  static const PrivateKey key = PrivateKey::from_pem(R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgzlS3BO/oQWJe2V8p
SLGATlC4RxsTpJUkr2RlF/o/36ehRANCAATVSxsjJ/ioTBYhf05zgDIBofDW0z59
4RVcEwEstGUVCAm/Rnb1Vyeuoxje+tPcA9GSLaOEuvPvEe6WEGeVhNut
-----END PRIVATE KEY-----
)")
                                    .value();
  return key;
}

inline CertificateTemplate contents_for(const char* common_name,
                                        CertificateTemplate::Purpose purpose) {
  const Time first = std::chrono::sys_days(std::chrono::year(2026) / 1 / 1);
  return {.common_name = common_name,
          .organisation = {},
          .user_id = "com.apple.mgmt.External.1",
          .dns_names = {},
          .serial = Bytes(16, '\x11'),
          .not_before = first,
          .not_after = first + std::chrono::days(3650),
          .purpose = purpose};
}

inline const Certificate& ra() {
  static const Certificate certificate =
      issue_self_signed(contents_for("RA", CertificateTemplate::Purpose::authority), ra_key())
          .value();
  return certificate;
}

inline const Certificate& device() {
  static const Certificate certificate =
      issue_self_signed(contents_for("device", CertificateTemplate::Purpose::tls_client),
                        device_key())
          .value();
  return certificate;
}

}  // namespace reveille::pki::fuzz
