#include "protocol/pki/mdm_signature.h"

#include "protocol/base/base64.h"
#include "protocol/pki/cms.h"

namespace reveille::pki {

Result<Certificate> verify_mdm_signature(std::string_view header_value, BytesView body) {
  const auto cms = from_base64(header_value);
  if (!cms) return failure(ErrorCode::malformed, "Mdm-Signature: not Base64");
  return verify_detached(*cms, body);
}

Result<Certificate> verify_mdm_signature_of_some_body(std::string_view header_value) {
  const auto cms = from_base64(header_value);
  if (!cms) return failure(ErrorCode::malformed, "Mdm-Signature: not Base64");
  return verify_signed_attributes(*cms);
}

Result<std::string> make_mdm_signature(BytesView body, const Certificate& identity,
                                       const PrivateKey& key) {
  const auto cms = sign_detached(body, identity, key);
  if (!cms) return std::unexpected(cms.error());
  return to_base64(*cms);
}

}  // namespace reveille::pki
