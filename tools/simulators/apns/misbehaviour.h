#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/apns/reason.h"
#include "protocol/base/error.h"

// What APNs does on its bad days, on request and repeatable by seed.
namespace reveille::simulators::apns {

// "0.02" of all pushes get this answer.
struct StatusRate {
  reveille::apns::Reason reason;
  double rate = 0;
};

// "TooManyRequests=0.01": a reason of protocol.md 6.3 and a share of all pushes.
// Errors: malformed, naming the known reasons.
Result<StatusRate> parse_status_rate(std::string_view text);

struct MisbehaviourOptions {
  std::chrono::milliseconds latency{0};         // before each answer
  std::chrono::milliseconds latency_jitter{0};  // added, uniform
  std::vector<StatusRate> statuses;
  std::uint64_t goaway_after = 0;  // streams of a connection until GOAWAY; 0: never
  double refuse_rate = 0;          // RST_STREAM(REFUSED_STREAM)
  double reset_rate = 0;           // RST_STREAM(INTERNAL_ERROR)
  double stall_rate = 0;           // never answered
  double cut_rate = 0;             // the connection is cut instead of the answer
  std::uint64_t seed = 1;
};

enum class Fate { answer, refuse, reset, stall, cut };

// One connection's dice.
class Misbehaviour {
 public:
  Misbehaviour(const MisbehaviourOptions& options, std::uint64_t connection)
      : options_(options), generator_(options.seed * 0x9E3779B97F4A7C15u + connection) {}

  Fate fate();
  reveille::apns::Reason forced_reason();  // none: the rules decide
  std::chrono::milliseconds delay();

 private:
  const MisbehaviourOptions options_;
  std::mt19937_64 generator_;
};

}  // namespace reveille::simulators::apns
