#pragma once

#include <optional>
#include <string>

#include "protocol/base/bytes.h"

// What a server answers to check-in messages, as XML property lists.
// Keys: Apple's device-management schema, responsekeys of mdm/checkin/*.yaml; for UserAuthenticate
// its documentation ("User Authenticate").
namespace reveille::mdm {

// To the first UserAuthenticate of a login. Empty: the user is managed, nothing has to be proved.
Bytes write_digest_challenge(const std::string& challenge);
// To the second. Empty: the digest is refused.
Bytes write_auth_token(const std::string& token);

// Empty: none is escrowed.
Bytes write_bootstrap_token(BytesView token);

// To GetToken; a string token goes as its UTF-8 bytes.
Bytes write_token_data(BytesView token);

struct ReturnToServiceAnswer {
  bool enabled = true;
  std::optional<Bytes> wifi_profile;
  std::optional<Bytes> mdm_profile;
  std::optional<Bytes> bootstrap_token;
};
Bytes write_return_to_service(const ReturnToServiceAnswer& answer);

}  // namespace reveille::mdm
