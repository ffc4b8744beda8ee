// A body that is not binary: XML, or anything else.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/plist/plist_fuzzer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const auto value = reveille::plist::parse({reinterpret_cast<const char*>(bytes), count});
  if (!value) return 0;
  reveille::plist::ensure_binary_round_trip(*value);
  reveille::plist::ensure_xml_round_trip(*value);
  return 0;
}
