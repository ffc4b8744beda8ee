#include "tools/simulators/device/verdict.h"

namespace reveille::simulators::device {

Verdict verdict_of(const http::Response& response, bool has_bearer_token) {
  if (response.status / 100 == 2) return Verdict::accepted;
  if (response.status == 401) {
    const std::string_view challenge = response.header("www-authenticate").value_or("");
    const bool may_sign_in = has_bearer_token && challenge.starts_with("Bearer ");
    return may_sign_in ? Verdict::sign_in_again : Verdict::unenrolled;
  }
  if (response.status == 403) {
    const bool unenrols = response.body.find("com.apple.unrecognized.device") != Bytes::npos;
    return unenrols ? Verdict::unenrolled : Verdict::refused;
  }
  const bool is_refused = response.status / 100 == 4 || response.status == 501;
  return is_refused ? Verdict::refused : Verdict::unavailable;
}

}  // namespace reveille::simulators::device
