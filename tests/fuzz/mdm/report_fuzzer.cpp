// What a device says when it connects.
#include <cstddef>
#include <cstdint>

#include "protocol/mdm/report.h"
#include "tests/fuzz/mdm/mdm_fuzzer.h"

namespace mdm = reveille::mdm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const auto report = mdm::parse_report({reinterpret_cast<const char*>(bytes), count});
  if (!report) {
    reveille::ensure(report.error().detail.size() < 256, "a detail is short");
    return 0;
  }
  mdm::ensure_usable(report->identity);
  reveille::ensure(report->command_uuid.empty() == (report->status == mdm::Status::idle),
                   "an answer names its command, Idle none");
  return 0;
}
