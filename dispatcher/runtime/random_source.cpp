#include "dispatcher/runtime/random_source.h"

#include <openssl/rand.h>

#include <limits>
#include <utility>

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

namespace {

std::string uuid_text(Bytes raw, int version) {
  raw[6] = static_cast<char>((raw[6] & 0x0f) | version << 4);
  raw[8] = static_cast<char>((raw[8] & 0x3f) | 0x80);  // RFC 9562's variant
  std::string text = to_hex(raw);
  for (const std::size_t dash : {8, 13, 18, 23}) text.insert(dash, 1, '-');
  return text;
}

}  // namespace

std::string RandomSource::uuid() { return uuid_text(bytes(16), 4); }

std::string RandomSource::uuid_of(std::chrono::sys_time<std::chrono::milliseconds> time) {
  Bytes raw = bytes(16);
  const auto milliseconds = static_cast<std::uint64_t>(time.time_since_epoch().count());
  for (std::size_t i = 0; i < 6; ++i) raw[i] = static_cast<char>(milliseconds >> (40 - 8 * i));
  return uuid_text(std::move(raw), 7);
}

Bytes SystemRandomSource::bytes(std::size_t count) {
  Bytes result(count, '\0');
  ensure(RAND_bytes(reinterpret_cast<unsigned char*>(result.data()), static_cast<int>(count)) == 1,
         "the operating system gives randomness");
  return result;
}

}  // namespace reveille
