#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/random_source.h"
#include "dispatcher/runtime/storage_lanes.h"
#include "storage/records.h"

// One-time challenges: one secret that is both the end of an enrolment link and the password of the
// SCEP request behind it. The store knows only its SHA-256.
namespace reveille::enrolment {

struct Challenge {
  std::string text;  // 32 characters of Base64url: 24 random bytes; a secret until it is spent
  storage::Time expires_at{};
};

// The name that the store knows a challenge by.
storage::Sha256 hash_of_challenge(std::string_view challenge);

// Where the profile with this challenge is served. `public_url` as DeviceEndpointOptions has it.
std::string enrolment_url(std::string_view public_url, std::string_view challenge);

// Makes and stores them: durable when this returns. At most one commit for each partition. After an
// error some may be stored, which nobody knows: they expire.
// Errors: overloaded, unavailable, corrupt.
boost::asio::awaitable<Result<std::vector<Challenge>>> create_challenges(
    StorageLanes& storage, const Clock& clock, RandomSource& random, std::size_t count,
    std::chrono::seconds lifetime);

}  // namespace reveille::enrolment
