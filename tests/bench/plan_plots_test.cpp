#include "bench/load/plan_plots.h"

#include <gtest/gtest.h>

namespace reveille::bench {
namespace {

constexpr MeasuredCosts costs{.push_cpu_us = 10,
                              .exchange_cpu_us = 100,
                              .idle_cpu_us = 20,
                              .handshake_cpu_us = 500,
                              .enrolment_cpu_us = 4'000,
                              .base_mib = 50,
                              .connection_kib = 16,
                              .enrolment_disk_bytes = 1'000,
                              .delivery_disk_bytes = 500};

const PlotSeries& series_of(const std::vector<Plot>& plots, const std::string& title,
                            const std::string& name) {
  for (const Plot& plot : plots) {
    if (plot.title != title) continue;
    for (const PlotSeries& series : plot.series) {
      if (series.name == name) return series;
    }
  }
  throw std::out_of_range(title + ": " + name);
}

TEST(PlanPlots, GoThroughThePlanItselfAndEndAtTwiceTheDevices) {
  const FleetDescription fleet;
  const auto plots = plan_plots(costs, fleet);
  const auto& busy = series_of(plots, "Cores in the busiest hour", "busy");

  const PlotPoint& middle = busy.points[busy.points.size() / 2 - 1];
  EXPECT_DOUBLE_EQ(middle.x, fleet.devices);
  EXPECT_DOUBLE_EQ(middle.y, plan_server(costs, fleet).cpu_cores_busy);
  EXPECT_DOUBLE_EQ(busy.points.back().x, 2 * fleet.devices);
}

TEST(PlanPlots, MoreConnectionsToApnsBringMoreStreamsButNoMoreCores) {
  const auto plots = plan_plots(costs, FleetDescription{});
  const auto& streams = series_of(plots, "Pushes by connections to APNs", "streams allow");
  const auto& cores = series_of(plots, "Pushes by connections to APNs", "cores allow");

  EXPECT_GT(streams.points.back().y, streams.points.front().y);
  EXPECT_DOUBLE_EQ(cores.points.back().y, cores.points.front().y);
}

TEST(PlanPlots, NameWhatStandsOnTheirAxes) {
  for (const Plot& plot : plan_plots(costs, FleetDescription{})) {
    EXPECT_NE(draw_plot(plot).find(plot.x_unit + "</text>"), std::string::npos) << plot.title;
  }
}

}  // namespace
}  // namespace reveille::bench
