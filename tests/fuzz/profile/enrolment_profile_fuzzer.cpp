// An enrolment profile as a simulated device reads it.
#include <cstddef>
#include <cstdint>

#include "protocol/base/ensure.h"
#include "protocol/profile/enrolment_profile.h"

namespace profile = reveille::profile;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const auto read = profile::parse_enrolment_profile({reinterpret_cast<const char*>(bytes), count});
  if (!read) return 0;
  // Characters that XML cannot hold are gone then; a key that had no others is missing.
  const auto left = profile::parse_enrolment_profile(profile::write_enrolment_profile(*read));
  if (!left) return 0;
  const auto written = profile::write_enrolment_profile(*left);
  const auto again = profile::parse_enrolment_profile(written);
  reveille::ensure(again && profile::write_enrolment_profile(*again) == written,
                   "what is read is what was written");
  return 0;
}
