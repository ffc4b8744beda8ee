#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/seeding.h"
#include "bench/load/telemetry.h"
#include "protocol/base/error.h"
#include "tools/simulators/device/transport.h"
#include "tools/simulators/latency_histogram.h"

namespace reveille::bench {

// What each connection says in a round.
enum class Conversation {
  idle,        // Idle, and there is nothing to do
  exchange,    // Idle, a command comes, Acknowledged, there is nothing more
  same_bytes,  // the exchange's two bodies to a server that answers nothing: the yardstick
};

struct RoundResult {
  std::uint64_t conversations = 0;
  std::uint64_t commands = 0;  // handed out and acknowledged
  std::uint64_t failures = 0;  // no answer, not 200, or a command where none or one was due
  std::string first_failure;
};

// Devices that talk all at once over kept-alive mutual TLS, each on a connection of its own, closed
// loop. Threads: runs its own io_context in the caller's.
class DeviceLoad {
 public:
  struct Target {
    std::uint16_t port = 0;
    simulators::device::HttpVersion http = simulators::device::HttpVersion::http1;
  };

  // The first `connections` identities of the fleet. Errors: those of making TLS contexts.
  static Result<std::unique_ptr<DeviceLoad>> make(const Target& target, const SeededFleet& fleet,
                                                  std::size_t connections);
  ~DeviceLoad();

  // Opens what is not open yet with a first Idle, at most 64 at a time.
  RoundResult connect();
  // Whether requests carry an Mdm-Signature from now on, made while they are timed.
  enum class Signature { none, mdm };
  void sign_with(Signature signature) { signature_ = signature; }
  // Each connection `times` times. `telemetry` gets samples on the way.
  RoundResult talk(Conversation conversation, std::size_t times, Telemetry& telemetry);

  // Of requests, since the beginning.
  const simulators::LatencyHistogram& latencies() const { return latencies_; }
  std::uint64_t done() const { return done_; }
  // For the telemetry's phase: how many conversations it will be in all.
  void begin_phase(std::uint64_t total);

 private:
  struct Connection;
  using Work = boost::asio::awaitable<void>;

  DeviceLoad();
  Work open_some(std::size_t& next, RoundResult& result);
  Work converse(Connection& connection, Conversation conversation, std::size_t times,
                RoundResult& result);
  boost::asio::awaitable<Result<Bytes>> say(Connection& connection, Bytes body);
  Work watch(Telemetry& telemetry);
  // Runs the lane until everything spawned by begin() has ended: what waits on open connections
  // would keep it running.
  void begin(Work work);
  void run();

  boost::asio::io_context lane_{1};
  std::vector<std::unique_ptr<Connection>> connections_;
  std::string target_path_ = "/mdm";
  Signature signature_ = Signature::none;
  simulators::LatencyHistogram latencies_, recent_;
  std::size_t unfinished_ = 0;  // coroutines that run() waits for
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace reveille::bench
