#include "dispatcher/runtime/random_source.h"

#include <openssl/rand.h>

#include <limits>

#include "protocol/base/ensure.h"

namespace reveille {

std::uint64_t RandomSource::below(std::uint64_t bound) {
  ensure(bound > 0, "an empty range has no random number");
  // Numbers above the last whole multiple of `bound` would favour the small results.
  const std::uint64_t limit =
      std::numeric_limits<std::uint64_t>::max() - std::numeric_limits<std::uint64_t>::max() % bound;
  for (;;) {
    std::uint64_t value = 0;
    for (const char byte : bytes(8)) value = value << 8 | static_cast<unsigned char>(byte);
    if (value < limit) return value % bound;
  }
}

std::string RandomSource::uuid() {
  Bytes raw = bytes(16);
  raw[6] = static_cast<char>((raw[6] & 0x0f) | 0x40);  // version 4
  raw[8] = static_cast<char>((raw[8] & 0x3f) | 0x80);  // RFC 9562's variant
  std::string text = to_hex(raw);
  for (const std::size_t dash : {8, 13, 18, 23}) text.insert(dash, 1, '-');
  return text;
}

Bytes SystemRandomSource::bytes(std::size_t count) {
  Bytes result(count, '\0');
  ensure(RAND_bytes(reinterpret_cast<unsigned char*>(result.data()), static_cast<int>(count)) == 1,
         "the operating system gives randomness");
  return result;
}

}  // namespace reveille
