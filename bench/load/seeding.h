#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/development_apple.h"
#include "dispatcher/enrolment/certificate_authority.h"
#include "protocol/base/error.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"

namespace reveille::bench {

struct SeedOptions {
  std::size_t enrolments = 10'000;
  // Of them, with an identity of the folder's authority, so that they can connect; the others have
  // a certificate's name only, and sleep.
  std::size_t identities = 0;
  enum class IdentityKey { p256, rsa_2048 } identity_key = IdentityKey::p256;
};

// One key is enough for all: what a server verifies costs the same.
struct SeededIdentity {
  pki::Certificate certificate;
  pki::PrivateKey key;
};

struct SeededFleet {
  std::vector<std::string> ids;            // in the order of their numbers
  std::vector<SeededIdentity> identities;  // of the first ones
  pki::Certificate authority;
};

// The 32 bytes that APNs would know this enrolment by.
std::string push_token_of(std::size_t number);

// Makes a state folder whose database holds the push certificate and these enrolments, each as if
// it had enrolled a moment ago; no daemon may run on it. `progress` is told how many are there.
// Errors: those of the store and of the files.
Result<SeededFleet> seed(const std::filesystem::path& state_folder, const DevelopmentApple& apple,
                         const SeedOptions& options,
                         const std::function<void(std::size_t)>& progress);

}  // namespace reveille::bench
