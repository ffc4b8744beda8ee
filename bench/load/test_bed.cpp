#include "bench/load/test_bed.h"

#include <utility>

namespace reveille::bench {

Result<TestBed> make_test_bed(const std::filesystem::path& folder, TestBedOptions options,
                              Telemetry& telemetry) {
  Result<DevelopmentApple> apple = make_development_apple(folder);
  if (!apple) return std::unexpected(std::move(apple.error()));
  telemetry.phase("seeding enrolments");
  const std::size_t enrolments = options.seed.enrolments;
  Result<SeededFleet> fleet = seed(state_folder_of(folder), *apple, options.seed,
                                   [&](std::size_t done) { telemetry.sample(done, enrolments); });
  if (!fleet) return std::unexpected(std::move(fleet.error()));
  Result<ApnsStandIn> apns = start_apns(*apple, folder, options.apns_arguments);
  if (!apns) return std::unexpected(std::move(apns.error()));
  options.daemon.folder = folder;
  options.daemon.apns_port = apns->port;
  options.daemon.apns_anchors_file = apple->authority_file;
  auto daemon = Daemon::start(options.daemon);
  if (!daemon) return std::unexpected(std::move(daemon.error()));
  telemetry.watch((*daemon)->pid());
  return TestBed{.apple = *std::move(apple),
                 .fleet = *std::move(fleet),
                 .apns = *std::move(apns),
                 .daemon = *std::move(daemon)};
}

}  // namespace reveille::bench
