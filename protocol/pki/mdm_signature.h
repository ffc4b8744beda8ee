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

// The same before the body has come: that the holder of the certificate's key has signed the digest
// of some body, of this request or of an earlier one.
// Errors: also unauthorised when the signature has no signed attributes, which the digest is in.
Result<Certificate> verify_mdm_signature_of_some_body(std::string_view header_value);

Result<std::string> make_mdm_signature(BytesView body, const Certificate& identity,
                                       const PrivateKey& key);

}  // namespace reveille::pki
