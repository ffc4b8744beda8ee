#pragma once

#include <string>
#include <string_view>

#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"

namespace reveille::pki {

// The certificate that Apple knows the organisation by, with its key and topic (protocol.md 6.1).
struct PushCertificate {
  Certificate certificate;
  PrivateKey key;
  std::string topic;  // the subject's UID; begins "com.apple.mgmt"
};

// A certificate and an unencrypted key in one PEM text, in either order; a missing line break
// between the blocks is repaired; of several certificates the last wins (nanomdm-api.md 4).
// Errors: malformed, saying which part is wrong; the text is never quoted.
Result<PushCertificate> parse_push_certificate(std::string_view pem);

}  // namespace reveille::pki
