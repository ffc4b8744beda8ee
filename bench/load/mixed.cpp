#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <thread>
#include <utility>

#include "bench/load/cpu_clock.h"
#include "bench/load/day_shape.h"
#include "bench/load/disk_usage.h"
#include "bench/load/fleet_process.h"
#include "bench/load/statistics.h"
#include "bench/load/subcommands.h"
#include "bench/load/test_bed.h"
#include "dispatcher/runtime/random_source.h"

namespace reveille::bench {
namespace {

constexpr std::chrono::seconds patience{300};

// A day in a fleet's life: commands come by the hour, devices connect by themselves at noon and in
// the evening, and some people leave at the end of it.
class Day {
 public:
  Day(const MixedOptions& options, Daemon& daemon, FleetProcess& fleet, Telemetry& telemetry)
      : options_(options), daemon_(daemon), fleet_(fleet), telemetry_(telemetry) {}

  Result<void> wait_until_enrolled() {
    telemetry_.phase("enrolling");
    return wait("enrolments", [this](const boost::json::object& report) {
      watch(count_in(report, "enrolled"), options_.devices);
      return count_in(report, "enrolled") + count_in(report, "enrolments_failed") >=
             options_.devices;
    });
  }

  Result<void> live() {
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t hour = 0; hour < day_shape.size(); ++hour) {
      telemetry_.phase(fmt::format("hour {}", hour));
      Result<void> done = begin_hour(hour);
      if (!done) return done;
      const auto end = start + options_.length * static_cast<int>(hour + 1) / 24;
      while (std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        Result<boost::json::object> report = watched_report();
        if (!report) return std::unexpected(std::move(report.error()));
      }
    }
    return {};
  }

  // Every command has reached its end.
  Result<void> wait_until_answered() {
    telemetry_.phase("waiting for the last answers");
    return wait("answers", [this](const boost::json::object&) {
      return daemon_.count("counts", "deliveries_live").value_or(1) == 0;
    });
  }

  std::uint64_t queued() const { return queued_; }

 private:
  Result<void> begin_hour(std::size_t hour) {
    Result<void> done =
        queue_commands(work_of_hour(hour, options_.devices * options_.commands_per_device));
    if (done && (hour == 12 || hour == 19)) done = tell_fleet({{"do", "poll"}});
    const auto leaving =
        static_cast<std::size_t>(static_cast<double>(options_.devices) * options_.leave_share);
    if (done && hour == 20 && leaving != 0) {
      done = tell_fleet({{"do", "leave"}, {"count", leaving}});
    }
    return done;
  }

  // Round and round through the devices that are enrolled now, at most once each in one command.
  Result<void> queue_commands(std::size_t count) {
    if (count == 0) return {};
    auto answer = fleet_.ask({{"do", "devices"}});
    if (!answer) return std::unexpected(std::move(answer.error()));
    const boost::json::array& devices = answer->at("devices").as_array();
    if (devices.empty()) return failure(ErrorCode::unavailable, "no device is enrolled");
    for (std::size_t sent = 0; sent < count;) {
      const std::size_t part = std::min(count - sent, devices.size());
      boost::json::array ids;
      for (std::size_t i = 0; i < part; ++i) ids.push_back(devices[next_++ % devices.size()]);
      Result<void> queued = queue_one(std::move(ids));
      if (!queued) return queued;
      sent += part;
    }
    return {};
  }

  Result<void> queue_one(boost::json::array ids) {
    const std::size_t asked = ids.size();
    const boost::json::object body{{"enrolments", std::move(ids)},
                                   {"request_type", "InstallProfile"},
                                   {"parameters", {{"Payload", {{"$data", "PGRpY3QvPg=="}}}}},
                                   {"command_uuid", random_.uuid()}};
    auto sent = daemon_.admin().request("POST", "/v1/commands", boost::json::serialize(body));
    if (!sent) return std::unexpected(std::move(sent.error()));
    const boost::json::value* queued = sent->object.if_contains("queued");
    if (queued == nullptr || queued->to_number<std::size_t>() != asked) {
      return failure(ErrorCode::unavailable,
                     "not every command was queued: " + sent->text.substr(0, 500));
    }
    queued_ += asked;
    return {};
  }

  Result<void> tell_fleet(const boost::json::object& request) {
    auto answer = fleet_.ask(request);
    if (!answer) return std::unexpected(std::move(answer.error()));
    return {};
  }

  void watch(std::uint64_t done, std::uint64_t total) {
    if (telemetry_.is_due()) telemetry_.sample(done, total);
  }

  Result<boost::json::object> watched_report() {
    if (!telemetry_.is_due()) return boost::json::object{};
    Result<boost::json::object> report = fleet_.status();
    if (report) telemetry_.sample(count_in(*report, "requests"), 0);
    return report;
  }

  Result<void> wait(const std::string& what,
                    const std::function<bool(const boost::json::object&)>& is_over) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
      Result<boost::json::object> report = fleet_.status();
      if (!report) return std::unexpected(std::move(report.error()));
      if (is_over(*report)) return {};
      if (std::chrono::steady_clock::now() > deadline) {
        return failure(ErrorCode::unavailable, "not all " + what + " came in time");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  const MixedOptions& options_;
  Daemon& daemon_;
  FleetProcess& fleet_;
  Telemetry& telemetry_;
  SystemRandomSource random_;
  std::size_t next_ = 0;
  std::uint64_t queued_ = 0;
};

struct Account {
  double cpu_seconds = 0;
  ProcessUsage enrolled, ended;
  std::uint64_t disk_bytes = 0;
};

void add_times(Figures& figures, const boost::json::object& report, const std::string& key,
               const std::string& label) {
  const boost::json::value* times = report.if_contains(key);
  if (times == nullptr || !times->is_object()) return;
  for (const auto& [member, name] :
       {std::pair("p50_ms", "p50"), std::pair("p99_ms", "p99"), std::pair("p999_ms", "p99.9")}) {
    figures.add(key + "_" + member, label + ", " + name, times->at(member).to_number<double>(),
                "ms");
  }
}

Figures figures_of(const MixedOptions& options, const boost::json::object& report,
                   const Daemon& daemon, const Day& day, const Account& account) {
  const std::uint64_t acknowledged = daemon.count("counts", "deliveries_acknowledged").value_or(0);
  const std::uint64_t failed = daemon.count("counts", "deliveries_failed").value_or(0);
  const std::uint64_t voided = daemon.count("counts", "deliveries_voided").value_or(0);
  std::uint64_t broken = 0;
  for (const auto& expectation : report.at("broken").as_object()) {
    broken += expectation.value().to_number<std::uint64_t>();
  }
  Figures figures(
      fmt::format("mixed: a day of {} devices in {} s", options.devices, options.length.count()));
  figures.add_count("enrolled", "enrolled", count_in(report, "enrolled"));
  figures.add_count("queued", "commands queued", day.queued());
  figures.add_count("acknowledged", "acknowledged", acknowledged);
  figures.add_count("failed", "failed", failed);
  figures.add_count("voided", "void: the device left first", voided);
  figures.add_count("not_now", "answers NotNow", count_in(report, "not_now"));
  figures.add_count("left", "devices that left", count_in(report, "checked_out"));
  figures.add_count("lost", "lost",
                    day.queued() - std::min(day.queued(), acknowledged + failed + voided));
  figures.add_count("broken", "broken expectations", broken);
  figures.add_count("requests", "requests of devices", count_in(report, "requests"));
  add_times(figures, report, "wake_to_answer", "wake to answer");
  add_times(figures, report, "request", "request");
  figures.add("cpu_s", "CPU of reveilled in the day", account.cpu_seconds, "s");
  figures.add("cpu_ms_per_device", "for each device",
              ratio(account.cpu_seconds * 1e3, static_cast<double>(options.devices)), "ms");
  figures.add("enrolled_mib", "resident memory, all enrolled",
              static_cast<double>(account.enrolled.resident_kib) / 1'024, "MiB");
  figures.add("ended_mib", "at the end of the day",
              static_cast<double>(account.ended.resident_kib) / 1'024, "MiB");
  figures.add("disk_mib", "disk", static_cast<double>(account.disk_bytes) / (1'024.0 * 1'024),
              "MiB");
  return figures;
}

}  // namespace

Result<Figures> run_mixed(const MixedOptions& options, const std::filesystem::path& folder,
                          Telemetry& telemetry) {
  const std::string notify_socket = (folder / "pushes.sock").string();
  // Devices that said NotNow come by themselves; those that did not hear are woken again.
  Result<TestBed> bed = make_test_bed(folder,
                                      {.apns_arguments = {"--notify-socket", notify_socket},
                                       .daemon = {.network_lanes = options.network_lanes,
                                                  .storage_lanes = options.storage_lanes,
                                                  .silence = std::chrono::seconds(10)}},
                                      telemetry);
  if (!bed) return std::unexpected(std::move(bed.error()));
  Daemon& daemon = *bed->daemon;
  Result<std::vector<std::string>> links = daemon.create_links(options.devices);
  if (!links) return std::unexpected(std::move(links.error()));
  auto fleet = FleetProcess::start(
      folder, *links, state_folder_of(folder) / "ca.pem",
      {"--notify-socket", notify_socket, "--not-now-rate", std::to_string(options.not_now_rate)});
  if (!fleet) return std::unexpected(std::move(fleet.error()));

  Day day(options, daemon, **fleet, telemetry);
  Result<void> done = day.wait_until_enrolled();
  if (!done) return std::unexpected(std::move(done.error()));
  Account account;
  account.enrolled = usage_of(daemon.pid()).value_or(ProcessUsage{});
  const CpuSpan cpu(daemon.pid());
  done = day.live();
  if (done) done = day.wait_until_answered();
  if (!done) return std::unexpected(std::move(done.error()));
  account.cpu_seconds = cpu.seconds();
  account.ended = usage_of(daemon.pid()).value_or(ProcessUsage{});
  account.disk_bytes = disk_bytes(state_folder_of(folder) / "db");
  Result<boost::json::object> report = (*fleet)->status();
  if (!report) return std::unexpected(std::move(report.error()));
  return figures_of(options, *report, daemon, day, account);
}

}  // namespace reveille::bench
