#include "bench/load/plan_arithmetic.h"

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

// A third of the day's work in one hour makes the figures round.
FleetDescription fleet() {
  FleetDescription fleet;
  fleet.devices = 36'000;
  fleet.connects_per_day = 30;
  fleet.commands_per_day = 3;
  fleet.enrolments_per_day = 0;
  fleet.busiest_hour_share = 1.0 / 3;
  return fleet;
}

TEST(Plan, TheBusiestHourSetsTheRates) {
  const ServerPlan plan = plan_server(costs, fleet());

  EXPECT_NEAR(plan.connects_per_second, 100, 1e-9);
  EXPECT_NEAR(plan.commands_per_second, 10, 1e-9);
}

TEST(Plan, EachConnectCostsAHandshakeAndAnIdleAndACommandTheRestOfItsExchangeAndAPush) {
  const ServerPlan plan = plan_server(costs, fleet());

  EXPECT_NEAR(plan.cpu_cores_busy, (100 * 520 + 10 * 80 + 10 * 10) / 1e6, 1e-9);
}

TEST(Plan, MoreCommandsThanConnectsAreAnsweredOnTheSameConnections) {
  FleetDescription many = fleet();
  many.commands_per_day = 60;  // 200 a second on 100 connects

  const ServerPlan plan = plan_server(costs, many);

  EXPECT_NEAR(plan.cpu_cores_busy, (100 * 520 + 100 * 80 + 100 * 100 + 200 * 10) / 1e6, 1e-9);
}

TEST(Plan, EnrolmentsAddTheirOwnCost) {
  FleetDescription growing = fleet();
  growing.enrolments_per_day = 10'800;  // one a second in the busiest hour

  EXPECT_NEAR(
      plan_server(costs, growing).cpu_cores_busy - plan_server(costs, fleet()).cpu_cores_busy,
      0.004, 1e-9);
}

TEST(Plan, CoresLeaveRoomForTheUnforeseenAndAreWhole) {
  FleetDescription large = fleet();
  large.devices = 720'000;  // twenty times as many: 1.058 cores busy
  large.cpu_share_max = 0.5;

  EXPECT_EQ(plan_server(costs, large).cores, 3u);
  EXPECT_EQ(plan_server(costs, fleet()).cores, 1u);
}

TEST(Plan, MemoryGrowsWithConnectionsAndThereAreNoMoreThanDevices) {
  FleetDescription lingering = fleet();
  lingering.connection_seconds = 64;

  EXPECT_NEAR(plan_server(costs, lingering).memory_mib, 50 + 6'400 * 16 / 1'024.0, 1e-9);
  lingering.connection_seconds = 86'400;
  EXPECT_NEAR(plan_server(costs, lingering).connections, 36'000, 1e-9);
}

TEST(Plan, DiskHoldsTheEnrolmentsAndTheHistory) {
  FleetDescription remembering = fleet();
  remembering.history_days = 10;

  EXPECT_NEAR(plan_server(costs, remembering).disk_gib * 1'073'741'824,
              36'000.0 * 1'000 + 36'000.0 * 3 * 10 * 500, 1);
}

TEST(Plan, WakingEveryoneIsBoundByStreamsOrByCores) {
  FleetDescription waking = fleet();
  waking.devices = 800'000;
  waking.apns_connections = 4;
  waking.apns_streams = 1'000;
  waking.apns_round_trip_ms = 50;
  waking.cores = 1;

  ServerPlan plan = plan_server(costs, waking);
  EXPECT_NEAR(plan.pushes_per_second_of_apns, 80'000, 1e-6);
  EXPECT_NEAR(plan.seconds_to_wake_everyone, 10, 1e-9);

  waking.apns_round_trip_ms = 1;
  plan = plan_server(costs, waking);
  EXPECT_NEAR(plan.seconds_to_wake_everyone, 8, 1e-9);  // 100,000/s by CPU
  EXPECT_NEAR(plan.seconds_until_all_answered, 800'000 * 610e-6, 1e-6);
}

}  // namespace
}  // namespace reveille::bench
