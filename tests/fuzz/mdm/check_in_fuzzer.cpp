// The body of a check-in.
#include <cstddef>
#include <cstdint>
#include <variant>

#include "protocol/mdm/check_in.h"
#include "tests/fuzz/mdm/mdm_fuzzer.h"

namespace mdm = reveille::mdm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const auto check_in = mdm::parse_check_in({reinterpret_cast<const char*>(bytes), count});
  if (!check_in) {
    reveille::ensure(check_in.error().detail.size() < 256, "a detail is short");
    return 0;
  }
  mdm::ensure_usable(mdm::identity_of(*check_in));
  if (const auto* update = std::get_if<mdm::TokenUpdate>(&*check_in)) {
    reveille::ensure(!update->push_token.bytes.empty() && !update->push_magic.text.empty(),
                     "a TokenUpdate has all that a push needs");
    reveille::ensure(!update->unlock_token || !update->unlock_token->empty(),
                     "an empty UnlockToken counts as absent");
  }
  if (const auto* authenticate = std::get_if<mdm::Authenticate>(&*check_in)) {
    reveille::ensure(!authenticate->identity.is_user_channel(), "Authenticate is the device's");
  }
  return 0;
}
