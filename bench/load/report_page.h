#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bench/load/measurement.h"

namespace reveille::bench {

// One self-contained page, light or dark as its reader's system: the figures, and plots of rate,
// latency, CPU and memory over time; beside those of an earlier report when there is one. The
// measurement is in the page, so that it can be the earlier report of a later one.
std::string make_report_page(const Measurement& measurement,
                             const std::optional<Measurement>& earlier);

// Errors: malformed.
Result<Measurement> measurement_in_page(std::string_view page);

}  // namespace reveille::bench
