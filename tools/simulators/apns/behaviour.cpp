#include "tools/simulators/apns/behaviour.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace reveille::simulators::apns {

using reveille::apns::Reason;

Result<PushFault> parse_status_rate(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return failure(ErrorCode::malformed,
                   "\"" + std::string(text) + "\": write REASON=RATE, e.g. TooManyRequests=0.01");
  }
  PushFault fault;
  fault.reason = reveille::apns::parse_reason(text.substr(0, equals));
  if (fault.reason == Reason::unknown || fault.reason == Reason::none) {
    return failure(ErrorCode::malformed, "\"" + std::string(text.substr(0, equals)) +
                                             "\" is no reason that APNs gives, e.g. "
                                             "ServiceUnavailable, TooManyRequests, Unregistered");
  }
  fault.status = reveille::apns::status_of(fault.reason);
  const std::string number(text.substr(equals + 1));
  char* end = nullptr;
  fault.rate = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0' || !(fault.rate >= 0 && fault.rate <= 1)) {
    return failure(ErrorCode::malformed, "\"" + number + "\" is no rate between 0 and 1");
  }
  return fault;
}

std::optional<std::uint32_t> error_code_of(std::string_view name) {
  constexpr std::array<std::string_view, 14> names = {"NO_ERROR",
                                                      "PROTOCOL_ERROR",
                                                      "INTERNAL_ERROR",
                                                      "FLOW_CONTROL_ERROR",
                                                      "SETTINGS_TIMEOUT",
                                                      "STREAM_CLOSED",
                                                      "FRAME_SIZE_ERROR",
                                                      "REFUSED_STREAM",
                                                      "CANCEL",
                                                      "COMPRESSION_ERROR",
                                                      "CONNECT_ERROR",
                                                      "ENHANCE_YOUR_CALM",
                                                      "INADEQUATE_SECURITY",
                                                      "HTTP_1_1_REQUIRED"};
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - names.begin());
}

}  // namespace reveille::simulators::apns
