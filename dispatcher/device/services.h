#pragma once

#include <memory>
#include <optional>

#include "dispatcher/device/access_tokens.h"
#include "dispatcher/device/declaration_forwarder.h"
#include "dispatcher/device/token_services.h"
#include "dispatcher/device/user_authenticate.h"
#include "protocol/mdm/check_in_answer.h"

namespace reveille::device {

// What answers messages beside the store; what is absent is not served, in a way that devices
// survive. The same in all lanes.
struct Services {
  UserAuthentication users;
  TokenServices tokens;
  std::optional<mdm::ReturnToServiceAnswer> return_to_service;
  std::optional<DeclarationForwarderOptions> declarations;
  // nullptr: bearer tokens are not looked at. (shared_ptr: the endpoints of all lanes have it.)
  std::shared_ptr<AccessTokens> access_tokens;
};

}  // namespace reveille::device
