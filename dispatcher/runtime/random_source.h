#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol/base/bytes.h"

namespace reveille {

// The only source of randomness; a test seeds its own. Any thread.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual Bytes bytes(std::size_t count) = 0;

  // Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound);
  std::string uuid();  // version 4, lower case
  // Version 7 (RFC 9562 5.7): later times sort behind earlier ones.
  std::string uuid_of(std::chrono::sys_time<std::chrono::milliseconds> time);
};

// The operating system's (RAND_bytes); fit for secrets.
class SystemRandomSource final : public RandomSource {
 public:
  Bytes bytes(std::size_t count) override;
};

}  // namespace reveille
