// A binary property list without its magic, which is put before it.
#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/fuzz/plist/plist_fuzzer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const std::string list = "bplist00" + std::string(reinterpret_cast<const char*>(bytes), count);
  const auto value = reveille::plist::parse(list);
  if (!value) return 0;
  reveille::plist::ensure_binary_round_trip(*value);
  reveille::plist::ensure_xml_round_trip(*value);
  return 0;
}
