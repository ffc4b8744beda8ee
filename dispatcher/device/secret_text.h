#pragma once

#include <string>
#include <string_view>

#include "dispatcher/runtime/random_source.h"
#include "storage/records.h"

// Secrets that we hand out and get back as text: nonces, AuthTokens. The store has their hashes.
namespace reveille::device {

// 32 random bytes in URL-safe Base64: fits into a digest's quotation marks, and into any header.
std::string new_secret(RandomSource& random);

storage::Sha256 hash_of_secret(std::string_view secret);

}  // namespace reveille::device
