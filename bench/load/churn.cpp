#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

#include "bench/load/commands.h"
#include "bench/load/cpu_clock.h"
#include "bench/load/disk_usage.h"
#include "bench/load/fleet_process.h"
#include "bench/load/statistics.h"
#include "bench/load/subcommands.h"
#include "bench/load/test_bed.h"
#include "dispatcher/runtime/random_source.h"

namespace reveille::bench {
namespace {

constexpr std::chrono::seconds patience{300};
// The kernel counts pages a little late, and an allocator gives back what a burst has left.
constexpr std::chrono::seconds settling{2};
constexpr std::size_t rounds_between_samples = 2;
constexpr std::size_t quiet_looks_of_a_round = 20;  // every 20 ms
constexpr std::size_t devices_of_an_erase = 10;     // one of so many, in each round

// About half of the devices that talk leave at the end of it, and come back by the next link.
constexpr const char* scenario = R"([devices]
phones = 50
macs = 25
shared_ipads = 5
account_driven_phones = 5
account_driven_macs = 5
user_enrolled_phones = 5
user_enrolled_macs = 5
[setup]
user_configuration_rate = 0.2
[answers]
not_now_rate = 0.1
fail_rate = 0.05
repeated_rate = 0.05
late_rate = 0.01
forgotten_rate = 0.02
unknown_rate = 0.05
large_rate = 0.02
large_kibibytes = 64
late_milliseconds = 5
[errands]
token_update_rate = 0.05
renewal_rate = 0.05
restore_rate = 0.05
enrol_again_rate = 0.05
bootstrap_token_rate = 0.2
waiting_login_rate = 0.1
check_out_rate = 0.3
silent_leave_rate = 0.1
return_rate = 1
)";

// At rest: resident memory after so many enrolments.
struct Level {
  double lives = 0;
  double resident_kib = 0;
};

class Churn {
 public:
  Churn(const ChurnOptions& options, const Daemon& daemon, FleetProcess& fleet,
        Telemetry& telemetry)
      : options_(options), daemon_(daemon), fleet_(fleet), telemetry_(telemetry) {}

  // Every device of the first hour.
  Result<void> begin() {
    telemetry_.phase("enrolling");
    return wait([this](const boost::json::object& report) {
      return count_in(report, "enrolled") + count_in(report, "enrolments_failed") >=
             options_.devices;
    });
  }

  // Rounds until the time is over, or no link is left: batches for all, an erase for some, and
  // everybody has talked and is asleep.
  Result<void> live() {
    telemetry_.phase("churning");
    const auto end = std::chrono::steady_clock::now() + options_.length;
    while (std::chrono::steady_clock::now() < end && lives_ < options_.lives_max) {
      Result<void> done = live_round();
      if (done && ++rounds_ % rounds_between_samples == 0) done = look();
      if (!done) return done;
    }
    return {};
  }

  const std::vector<Level>& levels() const { return levels_; }
  std::size_t rounds() const { return rounds_; }

 private:
  Result<void> live_round() {
    auto answer = fleet_.ask({{"do", "devices"}});
    if (!answer) return std::unexpected(std::move(answer.error()));
    const boost::json::array& devices = answer->at("devices").as_array();
    boost::json::array erased;
    for (std::size_t i = rounds_ % devices_of_an_erase; i < devices.size();
         i += devices_of_an_erase) {
      erased.push_back(devices[i]);
    }
    Result<void> done = start_batch(daemon_, batch_of_device_information({{"all", "device"}}));
    if (done) done = start_batch(daemon_, batch_of_device_information({{"all", "user"}}));
    if (done) done = erase(std::move(erased));
    if (!done) return done;
    // Not until every queue is empty: a User Enrolment that left without a word keeps its commands,
    // since nobody can tell that it is the one that came back.
    std::size_t quiet_looks = 0;
    return wait([&](const boost::json::object& report) {
      const bool is_quiet = report.at("at_rest").as_bool() &&
                            daemon_.count("batches", "unfinished").value_or(1) == 0 &&
                            daemon_.count("wake", "in_flight").value_or(1) == 0;
      quiet_looks = is_quiet ? quiet_looks + 1 : 0;
      return quiet_looks == quiet_looks_of_a_round ||
             count_in(report, "enrolled") >= options_.lives_max;
    });
  }

  // Some of them may have begun anew meanwhile, and get nothing: that is none of our business.
  Result<void> erase(boost::json::array ids) {
    if (ids.empty()) return {};
    const boost::json::object body{{"enrolments", std::move(ids)},
                                   {"request_type", "EraseDevice"},
                                   {"command_uuid", random_.uuid()}};
    auto sent = daemon_.admin().request("POST", "/v1/commands", boost::json::serialize(body));
    if (!sent) return std::unexpected(std::move(sent.error()));
    return {};
  }

  Result<void> look() {
    std::this_thread::sleep_for(settling);
    const auto usage = usage_of(daemon_.pid());
    if (!usage) return failure(ErrorCode::unavailable, "reveilled has ended");
    levels_.push_back({.lives = static_cast<double>(lives_),
                       .resident_kib = static_cast<double>(usage->resident_kib)});
    return {};
  }

  Result<void> wait(const std::function<bool(const boost::json::object&)>& is_over) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
      Result<boost::json::object> report = fleet_.status();
      if (!report) return std::unexpected(std::move(report.error()));
      lives_ = count_in(*report, "enrolled");
      if (telemetry_.is_due()) telemetry_.sample(lives_, options_.lives_max);
      if (is_over(*report)) return {};
      if (std::chrono::steady_clock::now() > deadline) {
        return failure(ErrorCode::unavailable, "a round did not come to its end in time");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  const ChurnOptions& options_;
  const Daemon& daemon_;
  FleetProcess& fleet_;
  Telemetry& telemetry_;
  SystemRandomSource random_;
  std::vector<Level> levels_;
  std::uint64_t lives_ = 0;
  std::size_t rounds_ = 0;
};

double kib_per_1000_lives(std::span<const Level> levels) {
  std::vector<Point> points;
  for (const Level& level : levels) points.push_back({level.lives, level.resident_kib});
  return slope(points) * 1'000;
}

Figures figures_of(const ChurnOptions& options, const Churn& churn,
                   const boost::json::object& report, std::uint64_t disk) {
  const std::span<const Level> levels = churn.levels();
  const auto half = levels.subspan(levels.size() / 2);
  std::uint64_t broken = 0;
  for (const auto& rule : report.at("broken").as_object()) {
    broken += rule.value().to_number<std::uint64_t>();
  }
  Figures figures(fmt::format("churn: {} devices enrol, talk, leave and enrol anew for {} s",
                              options.devices, options.length.count()));
  figures.add_count("lives", "enrolments", count_in(report, "enrolled"));
  figures.add_count("returned", "of these by devices that had left", count_in(report, "returned"));
  figures.add_count("requests", "requests of devices", count_in(report, "requests"));
  figures.add_count("rounds", "rounds", churn.rounds());
  figures.add_count("broken", "broken expectations", broken);
  for (const std::size_t part : {0, 1, 2, 3, 4}) {
    const Level& level = levels[(levels.size() - 1) * part / 4];
    figures.add(fmt::format("resident_{}_mib", part),
                fmt::format("resident memory after {:.0f} enrolments", level.lives),
                level.resident_kib / 1'024, "MiB");
  }
  figures.add("first_half_kib_per_1000", "growth in the first half, for 1,000 enrolments",
              kib_per_1000_lives(levels.first(levels.size() - half.size())), "KiB");
  figures.add("kib_per_1000", "growth in the second half, for 1,000 enrolments",
              kib_per_1000_lives(half), "KiB");
  figures.add("disk_mib", "disk", static_cast<double>(disk) / (1'024.0 * 1'024), "MiB");
  return figures;
}

}  // namespace

Result<Figures> run_churn(const ChurnOptions& options, const std::filesystem::path& folder,
                          Telemetry& telemetry) {
  const std::string notify_socket = (folder / "pushes.sock").string();
  Result<TestBed> bed =
      make_test_bed(folder,
                    {.apns_arguments = {"--notify-socket", notify_socket},
                     .daemon = {.network_lanes = options.network_lanes,
                                .storage_lanes = options.storage_lanes,
                                .silence = std::chrono::seconds(2),
                                .block_cache_mebibytes = options.block_cache_mebibytes,
                                .write_buffer_mebibytes = options.write_buffer_mebibytes}},
                    telemetry);
  if (!bed) return std::unexpected(std::move(bed.error()));
  const Daemon& daemon = *bed->daemon;
  telemetry.phase("making links");
  Result<std::vector<std::string>> links = daemon.create_links(options.lives_max);
  if (!links) return std::unexpected(std::move(links.error()));
  const std::filesystem::path scenario_file = folder / "churn.toml";
  std::ofstream(scenario_file) << scenario;
  auto fleet = FleetProcess::start(
      folder, *links, state_folder_of(folder) / "ca.pem",
      {"--notify-socket", notify_socket, "--scenario", scenario_file.string(), "--devices",
       std::to_string(options.devices), "--not-now-poll-ms", "100", "--http", "2"});
  if (!fleet) return std::unexpected(std::move(fleet.error()));

  Churn churn(options, daemon, **fleet, telemetry);
  Result<void> done = churn.begin();
  if (done) done = churn.live();
  if (!done) return std::unexpected(std::move(done.error()));
  if (churn.levels().size() < 2) {
    return failure(ErrorCode::unavailable, "too short a run: memory was looked at too rarely");
  }
  Result<boost::json::object> report = (*fleet)->status();
  if (!report) return std::unexpected(std::move(report.error()));
  return figures_of(options, churn, *report, disk_bytes(state_folder_of(folder) / "db"));
}

}  // namespace reveille::bench
