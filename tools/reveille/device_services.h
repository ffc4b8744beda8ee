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

Result<device::TrustedProxies> trusted_proxies(const Configuration& configuration);

}  // namespace reveille
