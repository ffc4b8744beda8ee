#include "bench/load/plan_arithmetic.h"

#include <algorithm>
#include <cmath>

#include "bench/load/statistics.h"

namespace reveille::bench {
namespace {

constexpr double seconds_per_hour = 3'600;
constexpr double microseconds = 1e6;

// Each connect says Idle once, on a connection that shakes hands first; a command makes an exchange
// of one of them, and is pushed before.
double busy_cores(const MeasuredCosts& costs, const FleetDescription& fleet,
                  const ServerPlan& plan) {
  const double commands = std::min(plan.commands_per_second, plan.connects_per_second);
  const double enrolments = fleet.enrolments_per_day * fleet.busiest_hour_share / seconds_per_hour;
  const double cpu_us = plan.connects_per_second * (costs.handshake_cpu_us + costs.idle_cpu_us) +
                        commands * (costs.exchange_cpu_us - costs.idle_cpu_us) +
                        (plan.commands_per_second - commands) * costs.exchange_cpu_us +
                        plan.commands_per_second * costs.push_cpu_us +
                        enrolments * costs.enrolment_cpu_us;
  return cpu_us / microseconds;
}

}  // namespace

ServerPlan plan_server(const MeasuredCosts& costs, const FleetDescription& fleet) {
  ServerPlan plan;
  const double busiest = fleet.devices * fleet.busiest_hour_share / seconds_per_hour;
  plan.connects_per_second = busiest * fleet.connects_per_day;
  plan.commands_per_second = busiest * fleet.commands_per_day;
  plan.cpu_cores_busy = busy_cores(costs, fleet, plan);
  plan.cores = std::max<std::uint64_t>(
      1, static_cast<std::uint64_t>(std::ceil(ratio(plan.cpu_cores_busy, fleet.cpu_share_max))));
  plan.connections = std::min(plan.connects_per_second * fleet.connection_seconds, fleet.devices);
  plan.memory_mib = costs.base_mib + plan.connections * costs.connection_kib / 1'024;
  const double deliveries = fleet.devices * fleet.commands_per_day * fleet.history_days;
  plan.disk_gib =
      (fleet.devices * costs.enrolment_disk_bytes + deliveries * costs.delivery_disk_bytes) /
      (1'024.0 * 1'024 * 1'024);

  plan.pushes_per_second_of_apns =
      ratio(fleet.apns_connections * fleet.apns_streams, fleet.apns_round_trip_ms / 1'000);
  plan.pushes_per_second_of_cores = ratio(fleet.cores * microseconds, costs.push_cpu_us);
  plan.seconds_to_wake_everyone = ratio(
      fleet.devices, std::min(plan.pushes_per_second_of_apns, plan.pushes_per_second_of_cores));
  const double everyone_cpu_us =
      fleet.devices * (costs.push_cpu_us + costs.handshake_cpu_us + costs.exchange_cpu_us);
  plan.seconds_until_all_answered =
      std::max(plan.seconds_to_wake_everyone, ratio(everyone_cpu_us / microseconds, fleet.cores));
  return plan;
}

}  // namespace reveille::bench
