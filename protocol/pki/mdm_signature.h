#pragma once

#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"

namespace reveille::pki {

// The Mdm-Signature header (protocol.md section 2): Base64 of a detached CMS signature over the
// exact body bytes, the identity certificate included. Returns that certificate; whom it chains to
// is still to be checked. Errors: malformed, unauthorised.
Result<Certificate> verify_mdm_signature(std::string_view header_value, BytesView body);

Result<std::string> make_mdm_signature(BytesView body, const Certificate& identity,
                                       const PrivateKey& key);

}  // namespace reveille::pki
