#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/load/apns_stand_in.h"
#include "bench/load/daemon.h"
#include "bench/load/development_apple.h"
#include "bench/load/seeding.h"
#include "bench/load/telemetry.h"

namespace reveille::bench {

struct TestBedOptions {
  SeedOptions seed = {.enrolments = 0, .identities = 0};
  std::vector<std::string> apns_arguments = {};  // further ones of reveille-apns
  DaemonOptions daemon = {};                     // but for folder and APNs, which are the bed's own
};

// A running reveilled on a seeded database, with a reveille-apns that it pushes to.
struct TestBed {
  DevelopmentApple apple;
  SeededFleet fleet;
  ApnsStandIn apns;
  std::unique_ptr<Daemon> daemon;
};

// `folder`: of the run; a new one. The telemetry watches the daemon from then on. Errors: those of
// each part.
Result<TestBed> make_test_bed(const std::filesystem::path& folder, TestBedOptions options,
                              Telemetry& telemetry);

}  // namespace reveille::bench
