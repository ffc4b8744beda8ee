#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bench/load/commands.h"
#include "bench/load/cpu_clock.h"
#include "bench/load/device_load.h"
#include "bench/load/disk_usage.h"
#include "bench/load/nginx.h"
#include "bench/load/signature_floor.h"
#include "bench/load/statistics.h"
#include "bench/load/subcommands.h"
#include "bench/load/test_bed.h"

namespace reveille::bench {
namespace {

using simulators::device::HttpVersion;

// One side of the comparison, after one run.
struct Run {
  double cpu_seconds = 0;
  double elapsed_seconds = 0;
  std::uint64_t conversations = 0;
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::unexpected<Error> failed(const RoundResult& result, std::string_view with) {
  return failure(ErrorCode::unavailable,
                 fmt::format("{} conversations with {} failed; the first: {}", result.failures,
                             with, result.first_failure));
}

class Comparison {
 public:
  Comparison(const ExchangeOptions& options, const Daemon& daemon, const SeededFleet& fleet,
             Telemetry& telemetry)
      : options_(options),
        daemon_(daemon),
        fleet_(fleet),
        telemetry_(telemetry),
        connections_(std::min(options.connections, fleet.identities.size())),
        rounds_(std::max<std::size_t>(1, options.exchanges / connections_)) {}

  Result<Run> run(DeviceLoad& load, pid_t process) {
    return options_.idle_only ? idle(load, process, Conversation::idle) : exchange(load, process);
  }

  // Idle needs no preparation between rounds: all of them at once.
  Result<Run> idle(DeviceLoad& load, pid_t process, Conversation conversation) {
    const auto start = std::chrono::steady_clock::now();
    const CpuSpan cpu(process);
    const RoundResult result = load.talk(conversation, rounds_, telemetry_);
    const Run run{.cpu_seconds = cpu.seconds(),
                  .elapsed_seconds = seconds_since(start),
                  .conversations = result.conversations};
    if (result.failures != 0) return failed(result, "the server");
    return run;
  }

  // Round by round: commands are queued first, whose cost is told apart.
  Result<Run> exchange(DeviceLoad& load, pid_t process) {
    Run run;
    for (std::size_t round = 0; round < rounds_; ++round) {
      const CpuSpan queueing(process);
      Result<void> queued = queue_commands(daemon_, fleet_, connections_);
      if (!queued) return std::unexpected(std::move(queued.error()));
      queueing_cpu_seconds_ += queueing.seconds();
      queued_ += connections_;
      const auto start = std::chrono::steady_clock::now();
      const CpuSpan cpu(process);
      const RoundResult result = load.talk(Conversation::exchange, 1, telemetry_);
      run.cpu_seconds += cpu.seconds();
      run.elapsed_seconds += seconds_since(start);
      run.conversations += result.conversations;
      if (result.failures != 0) return failed(result, "reveilled");
    }
    return run;
  }

  std::uint64_t conversations_of_a_run() const { return rounds_ * connections_; }
  std::size_t connections() const { return connections_; }
  double queueing_microseconds() const {
    return ratio(queueing_cpu_seconds_ * 1e6, static_cast<double>(queued_));
  }

 private:
  const ExchangeOptions& options_;
  const Daemon& daemon_;
  const SeededFleet& fleet_;
  Telemetry& telemetry_;
  const std::size_t connections_;
  const std::size_t rounds_;
  double queueing_cpu_seconds_ = 0;
  std::uint64_t queued_ = 0;
};

struct Side {
  std::unique_ptr<DeviceLoad> load;
  std::vector<double> cpu_microseconds;  // of one conversation, by run
  std::vector<double> per_second;

  void note(const Run& run) {
    const auto conversations = static_cast<double>(run.conversations);
    cpu_microseconds.push_back(ratio(run.cpu_seconds * 1e6, conversations));
    per_second.push_back(ratio(conversations, run.elapsed_seconds));
  }
};

Result<Side> connect(std::uint16_t port, const ExchangeOptions& options, const SeededFleet& fleet,
                     std::size_t connections, std::string_view with) {
  auto load = DeviceLoad::make({.port = port, .http = options.http}, fleet, connections);
  if (!load) return std::unexpected(std::move(load.error()));
  Side side{.load = *std::move(load), .cpu_microseconds = {}, .per_second = {}};
  const RoundResult opened = side.load->connect();
  if (opened.failures != 0) return failed(opened, with);
  return side;
}

Figures figures_of(const ExchangeOptions& options, const Comparison& comparison, const Side& ours,
                   const Side& nginx, std::uint64_t resident_kib) {
  const std::string http = options.http == HttpVersion::http2 ? "HTTP/2" : "HTTP/1.1";
  const std::string unit = options.idle_only ? "idle" : "exchange";
  Figures figures(options.idle_only
                      ? "exchange: Idle with nothing queued, mutual TLS kept alive, " + http
                      : "exchange: Idle, command, Acknowledged, empty; mutual TLS kept alive, " +
                            http);
  figures.add_text("http", "", options.http == HttpVersion::http2 ? "2" : "1");
  figures.add_count("devices", "enrolments stored", options.devices);
  figures.add_count("connections", "connections", comparison.connections());
  figures.add_count("runs", "runs, medians of", options.runs);
  figures.add_count("conversations", unit + "s in a run", comparison.conversations_of_a_run());
  const double cpu = median(ours.cpu_microseconds);
  figures.add("cpu_us", "CPU of reveilled for each " + unit, cpu, "us");
  figures.add("per_cpu_s", unit + "s per CPU-second", ratio(1e6, cpu), "/s");
  figures.add("per_s", unit + "s", median(ours.per_second), "/s");
  figures.add_latency("request", "request", ours.load->latencies());
  if (!options.idle_only) {
    figures.add("queueing_cpu_us", "CPU of queueing a command", comparison.queueing_microseconds(),
                "us");
  }
  figures.add("resident_mib", "resident memory at most", static_cast<double>(resident_kib) / 1'024,
              "MiB");
  if (!nginx.cpu_microseconds.empty()) {
    const double yardstick = median(nginx.cpu_microseconds);
    figures.add("nginx_cpu_us", "CPU of nginx for the same bytes", yardstick, "us");
    figures.add("nginx_per_s", "the same with nginx", median(nginx.per_second), "/s");
    figures.add("cpu_to_nginx", "reveilled to nginx", ratio(cpu, yardstick), "x");
  } else if (options.beside_nginx) {
    figures.add_text("nginx", "nginx", "not installed: tools/setup --bench brings it");
  }
  return figures;
}

// What the signatures cost the daemon, beside what they would cost OpenSSL alone.
Result<void> add_signature(Figures& figures, const ExchangeOptions& options, const Side& plain,
                           const Side& signed_ones, const SeededIdentity& identity) {
  constexpr int times = 2'000;
  Result<SignatureFloor> floor = measure_signature(identity, times);
  if (!floor) return std::unexpected(std::move(floor.error()));
  const double signatures = options.idle_only ? 1 : 2;  // of a conversation
  const double cpu = median(signed_ones.cpu_microseconds);
  const double cost = (cpu - median(plain.cpu_microseconds)) / signatures;
  figures.add("signed_cpu_us", "CPU of reveilled with Mdm-Signature", cpu, "us");
  figures.add("signature_cpu_us", "each signature", cost, "us");
  figures.add("openssl_signature_us", "with OpenSSL alone", floor->verified, "us");
  figures.add("openssl_arithmetic_us", "its arithmetic alone", floor->arithmetic, "us");
  figures.add("signature_to_openssl", "reveilled to OpenSSL", ratio(cost, floor->verified), "x");
  return {};
}

}  // namespace

Result<Figures> run_exchange(const ExchangeOptions& options, const std::filesystem::path& folder,
                             Telemetry& telemetry) {
  Result<TestBed> bed = make_test_bed(
      folder,
      {.seed = {.enrolments = std::max(options.devices, options.connections),
                .identities = options.connections,
                .identity_key = options.mdm_signature ? SeedOptions::IdentityKey::rsa_2048
                                                      : SeedOptions::IdentityKey::p256},
       .daemon = {.network_lanes = options.network_lanes, .storage_lanes = options.storage_lanes}},
      telemetry);
  if (!bed) return std::unexpected(std::move(bed.error()));
  const Daemon& daemon = *bed->daemon;
  const SeededFleet& fleet = bed->fleet;

  Comparison comparison(options, daemon, fleet, telemetry);
  telemetry.phase("opening connections");
  Result<Side> ours =
      connect(daemon.device_port(), options, fleet, comparison.connections(), "reveilled");
  if (!ours) return std::unexpected(std::move(ours.error()));
  Nginx nginx;
  Side yardstick, signed_ones;
  if (options.beside_nginx && nginx_is_installed()) {
    Result<Nginx> ready = start_nginx(folder, state_folder_of(folder));
    if (!ready) return std::unexpected(std::move(ready.error()));
    nginx = *std::move(ready);
    Result<Side> side = connect(nginx.port, options, fleet, comparison.connections(), "nginx");
    if (!side) return std::unexpected(std::move(side.error()));
    yardstick = *std::move(side);
  }

  const std::filesystem::path database = state_folder_of(folder) / "db";
  const std::uint64_t disk_before = disk_bytes(database);
  const Conversation bytes = options.idle_only ? Conversation::idle : Conversation::same_bytes;
  for (std::size_t run = 1; run <= options.runs; ++run) {
    telemetry.phase(fmt::format("reveilled, run {} of {}", run, options.runs));
    telemetry.watch(daemon.pid());
    ours->load->begin_phase(comparison.conversations_of_a_run());
    Result<Run> done = comparison.run(*ours->load, daemon.pid());
    if (!done) return std::unexpected(std::move(done.error()));
    ours->note(*done);
    if (options.mdm_signature) {
      telemetry.phase(fmt::format("with Mdm-Signature, run {} of {}", run, options.runs));
      ours->load->sign_with(DeviceLoad::Signature::mdm);
      done = comparison.run(*ours->load, daemon.pid());
      ours->load->sign_with(DeviceLoad::Signature::none);
      if (!done) return std::unexpected(std::move(done.error()));
      signed_ones.note(*done);
    }
    if (!yardstick.load) continue;
    telemetry.phase(fmt::format("nginx, run {} of {}", run, options.runs));
    telemetry.watch(nginx.process->pid());
    yardstick.load->begin_phase(comparison.conversations_of_a_run());
    done = comparison.idle(*yardstick.load, nginx.process->pid(), bytes);
    if (!done) return std::unexpected(std::move(done.error()));
    yardstick.note(*done);
  }
  const auto usage = usage_of(daemon.pid());
  const std::uint64_t disk_after = std::max(disk_bytes(database), disk_before);
  Figures figures = figures_of(options, comparison, *ours, yardstick,
                               usage ? usage->resident_kib_max : std::uint64_t{0});
  if (!options.idle_only) {
    // The log, which has not been folded into tables yet, counts with it.
    const std::size_t runs = ours->per_second.size() + signed_ones.per_second.size();
    const auto exchanges = static_cast<double>(runs * comparison.conversations_of_a_run());
    figures.add("disk_bytes_per_exchange", "disk, with command and result",
                static_cast<double>(disk_after - disk_before) / exchanges, "bytes");
  }
  if (options.mdm_signature) {
    Result<void> added =
        add_signature(figures, options, *ours, signed_ones, fleet.identities.front());
    if (!added) return std::unexpected(std::move(added.error()));
  }
  return figures;
}

}  // namespace reveille::bench
