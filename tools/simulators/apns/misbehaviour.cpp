#include "tools/simulators/apns/misbehaviour.h"

#include <cstdlib>

namespace reveille::simulators::apns {
namespace {

double uniform(std::mt19937_64& generator) {
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

}  // namespace

Result<StatusRate> parse_status_rate(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return failure(ErrorCode::malformed,
                   "\"" + std::string(text) + "\": write REASON=RATE, e.g. TooManyRequests=0.01");
  }
  StatusRate result{.reason = reveille::apns::parse_reason(text.substr(0, equals))};
  if (result.reason == reveille::apns::Reason::unknown ||
      result.reason == reveille::apns::Reason::none) {
    return failure(ErrorCode::malformed, "\"" + std::string(text.substr(0, equals)) +
                                             "\" is no reason that APNs gives, e.g. "
                                             "ServiceUnavailable, TooManyRequests, Unregistered");
  }
  const std::string number(text.substr(equals + 1));
  char* end = nullptr;
  result.rate = std::strtod(number.c_str(), &end);
  if (number.empty() || *end != '\0' || result.rate < 0 || result.rate > 1) {
    return failure(ErrorCode::malformed, "\"" + number + "\" is no rate between 0 and 1");
  }
  return result;
}

Fate Misbehaviour::fate() {
  if (options_.refuse_rate + options_.reset_rate + options_.stall_rate + options_.cut_rate <= 0) {
    return Fate::answer;
  }
  double dice = uniform(generator_);
  if ((dice -= options_.refuse_rate) < 0) return Fate::refuse;
  if ((dice -= options_.reset_rate) < 0) return Fate::reset;
  if ((dice -= options_.stall_rate) < 0) return Fate::stall;
  if ((dice -= options_.cut_rate) < 0) return Fate::cut;
  return Fate::answer;
}

reveille::apns::Reason Misbehaviour::forced_reason() {
  if (options_.statuses.empty()) return reveille::apns::Reason::none;
  double dice = uniform(generator_);
  for (const StatusRate& status : options_.statuses) {
    if ((dice -= status.rate) < 0) return status.reason;
  }
  return reveille::apns::Reason::none;
}

std::chrono::milliseconds Misbehaviour::delay() {
  if (options_.latency_jitter.count() == 0) return options_.latency;
  return options_.latency +
         std::chrono::milliseconds(static_cast<std::int64_t>(
             uniform(generator_) * static_cast<double>(options_.latency_jitter.count())));
}

}  // namespace reveille::simulators::apns
