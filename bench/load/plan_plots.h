#pragma once

#include <vector>

#include "bench/load/plan_arithmetic.h"
#include "bench/load/svg_plot.h"

namespace reveille::bench {

// How the plan changes with the number of devices, up to twice those described, and what more
// connections to APNs would bring.
std::vector<Plot> plan_plots(const MeasuredCosts& costs, const FleetDescription& fleet);

}  // namespace reveille::bench
