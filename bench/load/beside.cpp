#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "bench/load/commands.h"
#include "bench/load/cpu_clock.h"
#include "bench/load/device_load.h"
#include "bench/load/statistics.h"
#include "bench/load/subcommands.h"
#include "bench/load/test_bed.h"
#include "bench/load/urgent_wakes.h"

namespace reveille::bench {
namespace {

constexpr std::chrono::seconds patience{300};

using Time = std::chrono::steady_clock::time_point;

double seconds_since(Time start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// What devices and an operator get of the daemon in some time.
struct Service {
  std::vector<double> exchanges_per_second;  // by round
  UrgentWakes::Outcome urgent;
};

struct Expansion {
  double accepted_ms = 0;      // from the order to its answer: of ids in its body
  double all_accepted_ms = 0;  // of all of a kind
  double seconds = 0;      // from there to the last enrolment queued
  std::uint64_t queued = 0;
};

class Trial {
 public:
  Trial(const BesideOptions& options, const Daemon& daemon, const SeededFleet& fleet,
        DeviceLoad& load, Telemetry& telemetry)
      : options_(options), daemon_(daemon), fleet_(fleet), load_(load), telemetry_(telemetry) {}

  Result<Service> quiet() {
    return serve([rounds = std::size_t{0}, this]() mutable -> Result<bool> {
      return rounds++ < options_.quiet_rounds;
    });
  }

  Result<Service> beside_batch(Expansion& expansion) {
    const std::string order = order_of_ids();
    const Time ordered = std::chrono::steady_clock::now();
    Result<void> started = start_batch(daemon_, order);
    if (!started) return std::unexpected(std::move(started.error()));
    expansion.accepted_ms = seconds_since(ordered) * 1e3;
    const Time start = std::chrono::steady_clock::now();
    Result<Service> service = serve([&, this]() -> Result<bool> {
      if (seconds_since(start) > static_cast<double>(patience.count())) {
        return failure(ErrorCode::unavailable, "the batch was not expanded in time");
      }
      return is_expanding(expansion.queued);
    });
    expansion.seconds = seconds_since(start);
    return service;
  }

  // Last of all: its work is no longer waited for.
  Result<double> milliseconds_to_order_all() {
    const std::string order = batch_of_device_information({{"all", "device"}});
    const Time ordered = std::chrono::steady_clock::now();
    Result<void> started = start_batch(daemon_, order);
    if (!started) return std::unexpected(std::move(started.error()));
    return seconds_since(ordered) * 1e3;
  }

 private:
  // Rounds of exchanges, and urgent wakes beside them, while `goes_on` says so.
  template <typename GoesOn>
  Result<Service> serve(GoesOn goes_on) {
    Service service;
    // Sleeping devices that the batch wakes too, from the end of the fleet.
    const std::span<const std::string> ids(fleet_.ids);
    UrgentWakes urgent(daemon_, ids.subspan(ids.size() / 2));
    for (;;) {
      Result<bool> more = goes_on();
      if (!more) return std::unexpected(std::move(more.error()));
      if (!*more) break;
      Result<double> rate = exchange_round();
      if (!rate) return std::unexpected(std::move(rate.error()));
      service.exchanges_per_second.push_back(*rate);
    }
    service.urgent = urgent.stop();
    if (service.urgent.failures != 0) {
      return failure(ErrorCode::unavailable,
                     fmt::format("{} urgent wakes failed; the first: {}", service.urgent.failures,
                                 service.urgent.first_failure));
    }
    return service;
  }

  Result<double> exchange_round() {
    Result<void> queued = queue_commands(daemon_, fleet_, options_.connections);
    if (!queued) return std::unexpected(std::move(queued.error()));
    load_.begin_phase(options_.connections);
    const Time start = std::chrono::steady_clock::now();
    const RoundResult result = load_.talk(Conversation::exchange, 1, telemetry_);
    if (result.failures == 0) {
      return static_cast<double>(result.conversations) / seconds_since(start);
    }
    return failure(ErrorCode::unavailable, fmt::format("{} exchanges failed; the first: {}",
                                                       result.failures, result.first_failure));
  }

  // For all but those who talk: their queues are the rounds' own.
  std::string order_of_ids() const {
    boost::json::array ids;
    for (std::size_t i = options_.connections; i < fleet_.ids.size(); ++i) {
      ids.emplace_back(fleet_.ids[i]);
    }
    return batch_of_device_information({{"enrolments", std::move(ids)}});
  }

  Result<bool> is_expanding(std::uint64_t& queued) {
    Result<std::uint64_t> count = daemon_.count("batches", "queued");
    if (!count) return std::unexpected(std::move(count.error()));
    queued = *count;
    return queued < fleet_.ids.size() - options_.connections;
  }

  const BesideOptions& options_;
  const Daemon& daemon_;
  const SeededFleet& fleet_;
  DeviceLoad& load_;
  Telemetry& telemetry_;
};

Figures figures_of(const BesideOptions& options, const Service& quiet, const Service& busy,
                   const Expansion& expansion, std::uint64_t resident_kib) {
  Figures figures("beside: exchanges and urgent wakes while a batch expands and is pushed");
  figures.add_count("enrolments", "enrolments of the batch", expansion.queued);
  figures.add_count("connections", "devices that talk", options.connections);
  figures.add("accepted_ms", "batch of ids accepted, durably, after", expansion.accepted_ms, "ms");
  figures.add("all_accepted_ms", "one of all devices", expansion.all_accepted_ms, "ms");
  figures.add("expanded_s", "expanded after", expansion.seconds, "s");
  figures.add("expanded_per_s", "enrolments",
              ratio(static_cast<double>(expansion.queued), expansion.seconds), "/s");
  const double before = median(quiet.exchanges_per_second);
  const double beside = median(busy.exchanges_per_second);
  figures.add_count("quiet_rounds", "rounds of exchanges before it",
                    quiet.exchanges_per_second.size());
  figures.add_count("beside_rounds", "and beside it", busy.exchanges_per_second.size());
  figures.add("quiet_exchanges_per_s", "exchanges before it, median", before, "/s");
  figures.add("beside_exchanges_per_s", "exchanges beside it, median", beside, "/s");
  figures.add("exchanges_kept", "what is left", ratio(beside, before), "x");
  figures.add_latency("quiet_urgent", "urgent wake to APNs' answer, before",
                      quiet.urgent.latencies);
  figures.add_latency("beside_urgent", "urgent wake to APNs' answer, beside",
                      busy.urgent.latencies);
  figures.add("resident_mib", "resident memory at most", static_cast<double>(resident_kib) / 1'024,
              "MiB");
  return figures;
}

}  // namespace

Result<Figures> run_beside(const BesideOptions& options, const std::filesystem::path& folder,
                           Telemetry& telemetry) {
  Result<TestBed> bed = make_test_bed(
      folder,
      {.seed = {.enrolments = options.enrolments + options.connections,
                .identities = options.connections},
       .daemon = {.network_lanes = options.network_lanes, .storage_lanes = options.storage_lanes}},
      telemetry);
  if (!bed) return std::unexpected(std::move(bed.error()));
  const Daemon& daemon = *bed->daemon;
  telemetry.phase("opening connections");
  auto load = DeviceLoad::make({.port = daemon.device_port()}, bed->fleet, options.connections);
  if (!load) return std::unexpected(std::move(load.error()));
  const RoundResult opened = (*load)->connect();
  if (opened.failures != 0) return failure(ErrorCode::unavailable, opened.first_failure);

  Trial trial(options, daemon, bed->fleet, **load, telemetry);
  telemetry.phase("before the batch");
  Result<Service> quiet = trial.quiet();
  if (!quiet) return std::unexpected(std::move(quiet.error()));
  telemetry.phase("beside the batch");
  Expansion expansion;
  Result<Service> busy = trial.beside_batch(expansion);
  if (!busy) return std::unexpected(std::move(busy.error()));
  Result<double> all_accepted = trial.milliseconds_to_order_all();
  if (!all_accepted) return std::unexpected(std::move(all_accepted.error()));
  expansion.all_accepted_ms = *all_accepted;
  const auto usage = usage_of(daemon.pid());
  return figures_of(options, *quiet, *busy, expansion,
                    usage ? usage->resident_kib_max : std::uint64_t{0});
}

}  // namespace reveille::bench
