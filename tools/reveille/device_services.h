#pragma once

#include <filesystem>

#include "dispatcher/device/services.h"
#include "dispatcher/device/trusted_proxies.h"
#include "protocol/base/error.h"
#include "tools/reveille/configuration.h"

// From the options that say what messages of devices are answered, and their files, to the parts
// that answer them. Errors: unavailable, one sentence that names the option or the file; nothing of
// what a secret file holds.
namespace reveille {

// `folder` is the state folder: watch pairing tokens are made with a key of its secret.
Result<device::Services> device_services(const Configuration& configuration,
                                         const std::filesystem::path& folder);

// The same for one option each, for whoever tells mistakes by option.
Result<device::UserAuthentication> user_authentication(const Configuration::Users& options);
Result<std::optional<device::MaidService>> maid_service(const Configuration::Tokens& options);
Result<std::optional<device::DeclarationUrl>> declaration_url(
    const Configuration::Declarations& options);

Result<device::TrustedProxies> trusted_proxies(const Configuration& configuration);

}  // namespace reveille
