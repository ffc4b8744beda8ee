#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/load/figures.h"
#include "bench/load/plan_arithmetic.h"
#include "bench/load/target_host.h"
#include "bench/load/telemetry.h"
#include "protocol/base/error.h"
#include "tools/simulators/device/options.h"

// What reveille-bench can measure. Each subcommand starts what it needs in a folder of the run,
// measures, and ends it; errors are sentences for people.
namespace reveille::bench {

// The APNs client alone, against any target; without a host, against a reveille-apns of its own,
// and beside h2load.
struct PushOptions {
  std::string host;
  std::uint16_t port = 443;
  std::size_t pushes = 100'000;
  std::size_t connections = 1;
  std::size_t streams = 1'000;
  std::filesystem::path ca_file, certificate_file, key_file;
  // Of a target of its own:
  std::size_t latency_milliseconds = 0;  // before each answer
  std::size_t runs = 5;                  // of client, floor-push and h2load, in turn
  Insistence insistence = Insistence::none;
};
Result<Figures> run_push(PushOptions options, const std::filesystem::path& folder,
                         Telemetry& telemetry);

// The whole daemon: one command to all, durable, pushed and recorded; beside h2load.
struct DispatchOptions {
  std::size_t enrolments = 10'000;
  std::size_t per_request = 10'000;  // of commands and enqueue
  std::size_t runs = 3;
  std::size_t streams = 1'000;
  std::size_t network_lanes = 0, storage_lanes = 1, apns_connections = 1;
  // One durable intent for all of them, requests that name each, or NanoMDM's.
  enum class Through { batch, commands, enqueue } through = Through::batch;
  bool with_h2load = true;
};
Result<Figures> run_dispatch(const DispatchOptions& options, const std::filesystem::path& folder,
                             Telemetry& telemetry);

// How soon a push goes out that somebody waits for: on a quiet daemon, and while a batch for all is
// pushed.
struct UrgentOptions {
  std::size_t enrolments = 100'000;
  std::size_t quiet_requests = 500;      // of each kind
  std::size_t latency_milliseconds = 0;  // of APNs
  std::size_t network_lanes = 0, storage_lanes = 1;
};
Result<Figures> run_urgent(const UrgentOptions& options, const std::filesystem::path& folder,
                           Telemetry& telemetry);

// Idle -> command -> Acknowledged -> empty over kept-alive mutual TLS; beside nginx.
struct ExchangeOptions {
  std::size_t devices = 10'000;    // stored
  std::size_t connections = 100;   // of the first ones
  std::size_t exchanges = 10'000;  // in each run
  std::size_t runs = 5;
  std::size_t network_lanes = 0, storage_lanes = 1;
  simulators::device::HttpVersion http = simulators::device::HttpVersion::http1;
  bool idle_only = false;
  bool beside_nginx = false;
  bool mdm_signature = false;  // also with it, in turn, by RSA-2048; beside OpenSSL alone
};
Result<Figures> run_exchange(const ExchangeOptions& options, const std::filesystem::path& folder,
                             Telemetry& telemetry);

// Full mutual TLS handshakes and resumptions; beside openssl s_server with the same keys.
struct HandshakesOptions {
  std::size_t handshakes = 1'000;  // of each kind, in each run
  std::size_t runs = 5;
  std::size_t network_lanes = 1;
};
Result<Figures> run_handshakes(const HandshakesOptions& options,
                               const std::filesystem::path& folder, Telemetry& telemetry);

// What exchanges and urgent wakes notice of a batch that expands and is pushed.
struct BesideOptions {
  std::size_t enrolments = 1'000'000;  // of the batch
  std::size_t connections = 1'000;     // of others, which talk
  std::size_t quiet_rounds = 20;       // of exchanges, before the batch
  std::size_t network_lanes = 0, storage_lanes = 1;
};
Result<Figures> run_beside(const BesideOptions& options, const std::filesystem::path& folder,
                           Telemetry& telemetry);

// Devices that enrol for real, all at once; beside the cryptography that this contains.
struct EnrolOptions {
  std::size_t devices = 500;
  std::size_t concurrency = 64;
  std::size_t network_lanes = 0, storage_lanes = 1;
  simulators::device::KeyKind keys = simulators::device::KeyKind::ec;
};
Result<Figures> run_enrol(const EnrolOptions& options, const std::filesystem::path& folder,
                          Telemetry& telemetry);

// Resident memory with enrolments stored and idle connections open.
struct MemoryOptions {
  std::size_t enrolments = 100'000;
  std::size_t connections = 1'000;
  std::size_t network_lanes = 0;
  simulators::device::HttpVersion http = simulators::device::HttpVersion::http1;
};
Result<Figures> run_memory(const MemoryOptions& options, const std::filesystem::path& folder,
                           Telemetry& telemetry);

// A day in a fleet's life, compressed: real devices, commands by the hour, NotNow, people leaving.
struct MixedOptions {
  std::size_t devices = 500;
  std::size_t commands_per_device = 4;
  double not_now_rate = 0.05;
  double leave_share = 0.01;
  std::chrono::seconds length{48};
  std::size_t network_lanes = 0, storage_lanes = 1;
};
Result<Figures> run_mixed(const MixedOptions& options, const std::filesystem::path& folder,
                          Telemetry& telemetry);

// Resident memory while devices enrol, talk, leave in every way and enrol anew: its growth with the
// number of enrolments ever, once what is bounded is full.
struct ChurnOptions {
  std::size_t devices = 1'000;
  std::size_t lives_max = 100'000;
  std::chrono::seconds length{600};
  std::size_t network_lanes = 0, storage_lanes = 1;
  // Small, so that they are full soon: what grows after that is something else.
  std::size_t block_cache_mebibytes = 8, write_buffer_mebibytes = 8;
};
Result<Figures> run_churn(const ChurnOptions& options, const std::filesystem::path& folder,
                          Telemetry& telemetry);

// What a fleet needs, from the costs that bench/run has measured. Starts nothing.
struct PlanOptions {
  std::filesystem::path costs_file;
  FleetDescription fleet;
};
Result<Figures> run_plan(const PlanOptions& options);

}  // namespace reveille::bench
