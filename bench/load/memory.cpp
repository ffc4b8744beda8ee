#include <fmt/format.h>

#include <thread>
#include <utility>

#include "bench/load/cpu_clock.h"
#include "bench/load/device_load.h"
#include "bench/load/disk_usage.h"
#include "bench/load/subcommands.h"
#include "bench/load/test_bed.h"

namespace reveille::bench {
namespace {

// The kernel counts pages a little late, and an allocator gives back what a burst has left.
constexpr std::chrono::seconds settling{3};

double resident_mib(pid_t process) {
  std::this_thread::sleep_for(settling);
  const auto usage = usage_of(process);
  return usage ? static_cast<double>(usage->resident_kib) / 1'024 : 0;
}

}  // namespace

Result<Figures> run_memory(const MemoryOptions& options, const std::filesystem::path& folder,
                           Telemetry& telemetry) {
  Result<TestBed> bed =
      make_test_bed(folder,
                    {.seed = {.enrolments = options.enrolments, .identities = options.connections},
                     .daemon = {.network_lanes = options.network_lanes}},
                    telemetry);
  if (!bed) return std::unexpected(std::move(bed.error()));
  const Daemon& daemon = *bed->daemon;
  telemetry.phase("settling with enrolments only");
  const double stored_mib = resident_mib(daemon.pid());
  const std::uint64_t stored_bytes = disk_bytes(state_folder_of(folder) / "db");

  telemetry.phase("opening connections");
  auto load = DeviceLoad::make({.port = daemon.device_port(), .http = options.http}, bed->fleet,
                               options.connections);
  if (!load) return std::unexpected(std::move(load.error()));
  const RoundResult opened = (*load)->connect();
  if (opened.failures != 0) {
    return failure(ErrorCode::unavailable, fmt::format("{} connections failed; the first: {}",
                                                       opened.failures, opened.first_failure));
  }
  Result<std::uint64_t> open = daemon.count("device", "connections");
  if (!open) return std::unexpected(std::move(open.error()));
  telemetry.phase("settling with idle connections");
  const double connected_mib = resident_mib(daemon.pid());

  Figures figures("memory: resident, with enrolments stored and idle TLS connections open");
  figures.add_count("enrolments", "enrolments", options.enrolments);
  figures.add_count("connections", "connections open", *open);
  figures.add("stored_mib", "with enrolments stored", stored_mib, "MiB");
  figures.add("connected_mib", "and connections open", connected_mib, "MiB");
  figures.add("kib_per_connection", "each connection",
              (connected_mib - stored_mib) * 1'024 / static_cast<double>(*open), "KiB");
  figures.add("disk_bytes_per_enrolment", "each enrolment on disk",
              static_cast<double>(stored_bytes) / static_cast<double>(options.enrolments), "bytes");
  return figures;
}

}  // namespace reveille::bench
