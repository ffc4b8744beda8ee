#pragma once

#include <string>
#include <vector>

#include "bench/load/figures.h"
#include "bench/load/telemetry.h"
#include "protocol/base/error.h"

namespace reveille::bench {

// All that a report shows, and what it is compared by: figures, samples, and where they come from.
struct Measurement {
  std::string subcommand;
  std::string command_line;
  std::string machine;
  std::string measured_at;  // ISO 8601, UTC
  Figures figures{""};
  std::vector<Sample> samples;
};

std::string describe_machine();  // "2 x AMD EPYC ..., 24 GiB, Linux 6.1.0"

std::string to_json(const Measurement& measurement);
// Errors: malformed.
Result<Measurement> measurement_from_json(std::string_view json);

}  // namespace reveille::bench
