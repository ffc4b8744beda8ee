#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "protocol/apns/reason.h"
#include "protocol/base/error.h"
#include "tools/simulators/apns/latency.h"
#include "tools/simulators/apns/token_selector.h"
#include "tools/simulators/apns/wire/push_session.h"

// All that the simulated Apple may do, as plain values. What each means to people stands in
// scenario_example.cpp.
namespace reveille::simulators::apns {

using Milliseconds = std::chrono::milliseconds;

// What happens to a push instead of the answer that the rules give.
struct PushFault {
  enum class Kind { answer, refuse, reset, stall, cut } kind = Kind::answer;
  double rate = 1;
  TokenSelector tokens{};
  std::optional<std::uint64_t> times{};  // no more often in a phase, over all connections

  // answer
  reveille::apns::Reason reason = reveille::apns::Reason::service_unavailable;
  int status = 503;
  enum class Body { json, none, text, unknown_reason } body = Body::json;
  std::chrono::seconds unregistered_before{0};  // 410: its timestamp is so long ago
  std::optional<std::int64_t> retry_after_seconds{};

  // reset: RST_STREAM with this code, of RFC 9113 section 7
  std::uint32_t error_code = wire::code::internal_error;

  // cut, stall: the connection ends, or falls silent, after so many bytes of the answer
  std::size_t answer_bytes = 0;

  // reset, stall, cut: the push is accepted all the same; only the provider never hears of it
  bool processed = false;
};

struct GoAway {
  std::uint64_t after_streams = 0;  // of a connection; 0: never
  Milliseconds after{0};            // of a connection's life; 0: never
  std::size_t leaves = 0;           // so many of the newest streams are above its last id
  bool announced = false;  // first one with last id 2^31 - 1 and NO_ERROR: RFC 9113 section 6.8
  Milliseconds second_after{100};
  std::string reason = "Shutdown";  // JSON in the debug data; empty: no debug data
  std::uint32_t error_code = wire::code::no_error;
  enum class Then { drain, linger, cut } then = Then::drain;
};

struct ConnectionFault {
  double share = 1;  // of all connections
  enum class HalfOpen { no, reads_nothing, answers_nothing } half_open = HalfOpen::no;
  Milliseconds half_open_after{0};
  bool answers_pings = true;
  std::uint64_t stall_after_bytes = 0;     // that we sent, inside TLS: nothing follows; 0: never
  std::uint64_t cut_after_bytes = 0;       // that we sent, inside TLS; 0: never
  std::uint64_t cut_after_bytes_read = 0;  // that we received
  bool cut_with_reset = false;             // RST rather than FIN without close_notify
};

struct Handshake {
  Milliseconds accept_delay{0};
  Milliseconds delay{0};                            // between TCP's handshake and TLS's
  enum class Cut { no, end, reset } cut = Cut::no;  // then, instead of TLS's
  std::string alert;                                // empty: none
  enum class Certificate { good, self_signed, other } certificate = Certificate::good;
  std::filesystem::path certificate_file, key_file;  // with `other`
  friend bool operator==(const Handshake&, const Handshake&) = default;
};

struct Behaviour {
  LatencyDistribution latency;
  wire::SessionSettings settings;
  std::optional<Milliseconds> window_update_delay;  // with WindowUpdates::held; nullopt: never
  std::vector<PushFault> pushes;  // tried in order: the first that matches and happens
  GoAway goaway;
  ConnectionFault connection;
  Handshake handshake;
};

// What a push fault's answer is called in options and files: "TooManyRequests=0.01".
// Errors: malformed, naming what is wrong.
Result<PushFault> parse_status_rate(std::string_view text);

// nullopt: no such code. "REFUSED_STREAM", "CANCEL", ...: RFC 9113 section 7.
std::optional<std::uint32_t> error_code_of(std::string_view name);

}  // namespace reveille::simulators::apns
