// A body of APNs; the first byte picks the status.
#include <cstdint>

#include "protocol/apns/response.h"
#include "protocol/base/ensure.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  if (count == 0) return 0;
  constexpr int statuses[] = {200, 400, 403, 404, 405, 410, 413, 429, 500, 503};
  const int status = statuses[bytes[0] % 10];
  const auto response = reveille::apns::parse_response(
      status, "id", {reinterpret_cast<const char*>(bytes) + 1, count - 1});
  reveille::ensure(response.reason_text.size() <= 256, "a reason is kept within its bound");
  reveille::ensure(status == 410 || !response.unregistered_at, "only a 410 has a timestamp");
  const auto verdict = reveille::apns::judge(response);
  reveille::ensure((verdict == reveille::apns::Verdict::token_dead) == (status == 410),
                   "the status alone ends a token");
  return 0;
}
