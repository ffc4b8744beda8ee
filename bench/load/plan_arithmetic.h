#pragma once

#include <cstdint>

// From measured costs and a described fleet to what a server needs: plain arithmetic.
namespace reveille::bench {

// As measured on one machine; CPU in microseconds of one core.
struct MeasuredCosts {
  double push_cpu_us = 0;       // from a queued command to a recorded outcome
  double exchange_cpu_us = 0;   // Idle, command, Acknowledged, empty on an open connection
  double idle_cpu_us = 0;       // Idle with nothing queued, likewise
  double handshake_cpu_us = 0;  // mutual TLS
  double enrolment_cpu_us = 0;
  double base_mib = 0;  // resident, without a connection
  double connection_kib = 0;
  double enrolment_disk_bytes = 0;
  double delivery_disk_bytes = 0;  // a command in a queue or a history, with its result
};

struct FleetDescription {
  double devices = 100'000;
  double connects_per_day = 24;  // of one device; each is a new connection
  double commands_per_day = 4;   // of one device; each wakes it
  double enrolments_per_day = 1'000;
  double busiest_hour_share = 0.15;  // of a day's work; evenly spread: 0.042
  double connection_seconds = 60;    // that a connection stays open
  double history_days = 90;
  double cpu_share_max = 0.5;  // of the cores in the busiest hour: the rest is for the unforeseen
  double apns_round_trip_ms = 50;
  double apns_streams = 1'000;  // that Apple allows on a connection
  double apns_connections = 4;
  double cores = 2;  // that the time to wake everyone is told for
};

struct ServerPlan {
  double connects_per_second = 0;  // in the busiest hour, as all below
  double commands_per_second = 0;
  double cpu_cores_busy = 0;  // what the work takes
  std::uint64_t cores = 0;    // to have
  double connections = 0;     // open at a time
  double memory_mib = 0;
  double disk_gib = 0;
  double pushes_per_second_of_apns = 0;  // what connections and round trip allow
  double pushes_per_second_of_cores = 0;
  double seconds_to_wake_everyone = 0;
  double seconds_until_all_answered = 0;  // were all devices on line and at once awake
};

ServerPlan plan_server(const MeasuredCosts& costs, const FleetDescription& fleet);

}  // namespace reveille::bench
