#include "bench/load/plan_plots.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace reveille::bench {
namespace {

constexpr int points = 120;

using Read = std::function<double(const ServerPlan&)>;
struct Curve {
  std::string name, style;
  Read read;
};

// By one number of the fleet, up to `most`; `plan_at` plans with it.
Plot plot_of(std::string title, std::string unit, std::string x_unit, double most,
             const std::function<ServerPlan(double)>& plan_at, const std::vector<Curve>& curves) {
  Plot plot{.title = std::move(title),
            .unit = std::move(unit),
            .series = {},
            .x_unit = std::move(x_unit)};
  for (const Curve& curve : curves) {
    PlotSeries series{.name = curve.name, .style = curve.style, .points = {}};
    for (int point = 1; point <= points; ++point) {
      const double x = most * point / points;
      series.points.push_back({.x = x, .y = curve.read(plan_at(x))});
    }
    plot.series.push_back(std::move(series));
  }
  return plot;
}

}  // namespace

std::vector<Plot> plan_plots(const MeasuredCosts& costs, const FleetDescription& fleet) {
  const auto with_devices = [&](double devices) {
    FleetDescription other = fleet;
    other.devices = devices;
    return plan_server(costs, other);
  };
  const auto with_connections = [&](double connections) {
    FleetDescription other = fleet;
    other.apns_connections = connections;
    return plan_server(costs, other);
  };
  const auto by_devices = [&](std::string title, std::string unit,
                              const std::vector<Curve>& curves) {
    return plot_of(std::move(title), std::move(unit), "devices", 2 * fleet.devices, with_devices,
                   curves);
  };
  return {
      by_devices(
          "Cores in the busiest hour", "cores",
          {{"to have", "a", [](const ServerPlan& plan) { return static_cast<double>(plan.cores); }},
           {"busy", "b", [](const ServerPlan& plan) { return plan.cpu_cores_busy; }}}),
      by_devices("Memory", "MiB",
                 {{"resident", "a", [](const ServerPlan& plan) { return plan.memory_mib; }}}),
      by_devices("Disk", "GiB",
                 {{"with history", "a", [](const ServerPlan& plan) { return plan.disk_gib; }}}),
      by_devices(
          "Time until everyone is", "s",
          {{"woken", "a", [](const ServerPlan& plan) { return plan.seconds_to_wake_everyone; }},
           {"answered", "b",
            [](const ServerPlan& plan) { return plan.seconds_until_all_answered; }}}),
      plot_of("Pushes by connections to APNs", "1/s", "connections",
              std::max(8.0, 2 * fleet.apns_connections), with_connections,
              {{"streams allow", "a",
                [](const ServerPlan& plan) { return plan.pushes_per_second_of_apns; }},
               {"cores allow", "b",
                [](const ServerPlan& plan) { return plan.pushes_per_second_of_cores; }}}),
  };
}

}  // namespace reveille::bench
