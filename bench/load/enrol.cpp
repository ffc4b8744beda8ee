#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <thread>
#include <utility>

#include "bench/load/cpu_clock.h"
#include "bench/load/cryptography_floor.h"
#include "bench/load/fleet_process.h"
#include "bench/load/statistics.h"
#include "bench/load/subcommands.h"
#include "bench/load/test_bed.h"

namespace reveille::bench {
namespace {

using simulators::device::KeyKind;

constexpr std::chrono::seconds patience{600};
// Of each step: whoever was sent away comes again, so nobody is refused for good.
constexpr const char* attempts = "20";

struct Enrolled {
  double cpu_seconds = 0;
  double elapsed_seconds = 0;
  boost::json::object report;  // of the fleet
};

// Starts the fleet and waits until every device has enrolled.
Result<Enrolled> enrol_all(const EnrolOptions& options, const std::filesystem::path& folder,
                           const Daemon& daemon, const std::vector<std::string>& links,
                           Telemetry& telemetry) {
  const CpuSpan cpu(daemon.pid());
  const auto start = std::chrono::steady_clock::now();
  auto fleet =
      FleetProcess::start(folder, links, state_folder_of(folder) / "ca.pem",
                          {"--keys", options.keys == KeyKind::rsa ? "rsa" : "ec", "--concurrency",
                           std::to_string(options.concurrency), "--enrolment-attempts", attempts});
  if (!fleet) return std::unexpected(std::move(fleet.error()));
  while (std::chrono::steady_clock::now() - start < patience) {
    Result<boost::json::object> report = (*fleet)->status();
    if (!report) return std::unexpected(std::move(report.error()));
    const std::uint64_t enrolled = count_in(*report, "enrolled");
    if (telemetry.is_due()) telemetry.sample(enrolled, options.devices);
    if (enrolled + count_in(*report, "enrolments_failed") >= options.devices) {
      const auto elapsed = std::chrono::steady_clock::now() - start;
      return Enrolled{.cpu_seconds = cpu.seconds(),
                      .elapsed_seconds = std::chrono::duration<double>(elapsed).count(),
                      .report = *std::move(report)};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return failure(ErrorCode::unavailable, "not all devices enrolled in time");
}

Figures figures_of(const EnrolOptions& options, const Enrolled& enrolled,
                   const CryptographyFloor& floor, std::uint64_t resident_kib) {
  const auto devices = static_cast<double>(count_in(enrolled.report, "enrolled"));
  const double cpu = ratio(enrolled.cpu_seconds * 1e6, devices);
  Figures figures("enrol: profile, SCEP, Authenticate and TokenUpdate, all devices at once");
  figures.add_text("keys", "device keys", options.keys == KeyKind::rsa ? "RSA-2048" : "P-256");
  figures.add_count("enrolled", "enrolled", count_in(enrolled.report, "enrolled"));
  figures.add_count("failed", "failed", count_in(enrolled.report, "enrolments_failed"));
  figures.add_count("repeats", "steps asked for again",
                    count_in(enrolled.report, "enrolment_repeats"));
  figures.add("elapsed_s", "elapsed", enrolled.elapsed_seconds, "s");
  figures.add("enrolments_per_s", "enrolments", ratio(devices, enrolled.elapsed_seconds), "/s");
  figures.add("cpu_us", "CPU of reveilled for each", cpu, "us");
  figures.add("floor_us", "the bare cryptography in it", floor.total(), "us");
  figures.add("floor_handshake_us", "  TLS handshake (two of them)", floor.handshake, "us");
  figures.add("floor_mutual_handshake_us", "  mutual TLS handshake", floor.mutual_handshake, "us");
  figures.add("floor_profile_us", "  profile signed", floor.profile_signed, "us");
  figures.add("floor_scep_opened_us", "  SCEP request opened", floor.scep_opened, "us");
  figures.add("floor_issued_us", "  identity issued", floor.identity_issued, "us");
  figures.add("floor_scep_answered_us", "  SCEP answered", floor.scep_answered, "us");
  figures.add("floor_verified_us", "  identity verified", floor.identity_verified, "us");
  figures.add("cpu_to_floor", "reveilled to its cryptography", ratio(cpu, floor.total()), "x");
  const boost::json::value* times = enrolled.report.if_contains("enrolment");
  if (times != nullptr && times->is_object()) {
    figures.add("enrolment_p50_ms", "one enrolment, p50", times->at("p50_ms").to_number<double>(),
                "ms");
    figures.add("enrolment_p99_ms", "one enrolment, p99", times->at("p99_ms").to_number<double>(),
                "ms");
  }
  figures.add("resident_mib", "resident memory at most", static_cast<double>(resident_kib) / 1'024,
              "MiB");
  return figures;
}

}  // namespace

Result<Figures> run_enrol(const EnrolOptions& options, const std::filesystem::path& folder,
                          Telemetry& telemetry) {
  // No enrolment yet: the push certificate, whose topic the profile names, and the authority.
  Result<TestBed> bed = make_test_bed(
      folder,
      {.daemon = {.network_lanes = options.network_lanes, .storage_lanes = options.storage_lanes}},
      telemetry);
  if (!bed) return std::unexpected(std::move(bed.error()));
  const Daemon& daemon = *bed->daemon;
  Result<std::vector<std::string>> links = daemon.create_links(options.devices);
  if (!links) return std::unexpected(std::move(links.error()));

  telemetry.phase("enrolling");
  Result<Enrolled> enrolled = enrol_all(options, folder, daemon, *links, telemetry);
  if (!enrolled) return std::unexpected(std::move(enrolled.error()));
  const auto usage = usage_of(daemon.pid());
  telemetry.phase("measuring the cryptography");
  Result<CryptographyFloor> floor = measure_cryptography(state_folder_of(folder), options.keys);
  if (!floor) return std::unexpected(std::move(floor.error()));
  return figures_of(options, *enrolled, *floor, usage ? usage->resident_kib_max : std::uint64_t{0});
}

}  // namespace reveille::bench
