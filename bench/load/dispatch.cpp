#include <fmt/format.h>

#include <atomic>
#include <boost/json.hpp>
#include <future>
#include <thread>
#include <utility>

#include "bench/load/commands.h"
#include "bench/load/cpu_clock.h"
#include "bench/load/h2load.h"
#include "bench/load/statistics.h"
#include "bench/load/subcommands.h"
#include "bench/load/test_bed.h"
#include "dispatcher/runtime/random_source.h"

namespace reveille::bench {
namespace {

constexpr std::chrono::seconds patience{300};
constexpr std::size_t enqueue_ids_max = 400;  // NanoMDM's list stands in the request line: 16 KiB

std::chrono::microseconds since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

double seconds_of(std::chrono::microseconds duration) {
  return static_cast<double>(duration.count()) / 1e6;
}

struct Wake {
  double cpu_seconds = 0;
  double elapsed_seconds = 0;  // from the first request to the last outcome on record
};

// One command to all enrolments of a daemon, and the wait for its pushes.
class Dispatch {
 public:
  Dispatch(const DispatchOptions& options, const Daemon& daemon, const SeededFleet& fleet,
           Telemetry& telemetry)
      : options_(options), daemon_(daemon), fleet_(fleet), telemetry_(telemetry) {}

  Result<Wake> run() {
    const std::string uuid = random_.uuid();
    Result<std::uint64_t> before = daemon_.count("wake", "accepted");
    if (!before) return std::unexpected(std::move(before.error()));
    const auto start = std::chrono::steady_clock::now();
    const CpuSpan cpu(daemon_.pid());
    // The requests block: they run beside, so that progress can be watched from here.
    auto requests = std::async(std::launch::async, [this, &uuid] { return send_all(uuid); });
    while (requests.wait_for(std::chrono::milliseconds(2)) != std::future_status::ready) {
      if (telemetry_.is_due()) telemetry_.sample(acknowledged_, fleet_.ids.size());
    }
    Result<void> sent = requests.get();
    if (!sent) return std::unexpected(std::move(sent.error()));
    Result<void> recorded = wait_until_recorded(*before + fleet_.ids.size());
    if (!recorded) return std::unexpected(std::move(recorded.error()));
    return Wake{.cpu_seconds = cpu.seconds(), .elapsed_seconds = seconds_of(since(start))};
  }

  const LatencyHistogram& request_latencies() const { return latencies_; }

 private:
  std::size_t per_request() const {
    switch (options_.through) {
      case DispatchOptions::Through::batch:
        return fleet_.ids.size();
      case DispatchOptions::Through::commands:
        return options_.per_request;
      case DispatchOptions::Through::enqueue:
        return std::min(options_.per_request, enqueue_ids_max);
    }
    return options_.per_request;
  }

  Result<AdminClient::Answer> send(std::span<const std::string> ids,
                                   const std::string& uuid) const {
    switch (options_.through) {
      case DispatchOptions::Through::batch:
        return start_batch(uuid);
      case DispatchOptions::Through::commands:
        return enqueue_as_commands(ids, uuid);
      case DispatchOptions::Through::enqueue:
        return enqueue_as_nanomdm(ids, uuid);
    }
    return failure(ErrorCode::malformed, "no such way");
  }

  Result<void> send_all(const std::string& uuid) {
    acknowledged_ = 0;
    for (std::size_t first = 0; first < fleet_.ids.size(); first += per_request()) {
      const std::size_t count = std::min(per_request(), fleet_.ids.size() - first);
      const std::span<const std::string> ids(fleet_.ids.data() + first, count);
      const auto start = std::chrono::steady_clock::now();
      Result<AdminClient::Answer> answer = send(ids, uuid);
      if (!answer) return std::unexpected(std::move(answer.error()));
      // 202: a batch is durable. 207: some pushes were not answered in time; their enrolments stay
      // due, and are waited for.
      if (answer->status != 200 && answer->status != 202 && answer->status != 207) {
        return failure(ErrorCode::unavailable,
                       fmt::format("HTTP {}: {}", answer->status, answer->text.substr(0, 500)));
      }
      latencies_.add(since(start));
      acknowledged_ += count;
    }
    return {};
  }

  Result<AdminClient::Answer> start_batch(const std::string& uuid) const {
    boost::json::object body = device_information(uuid);
    body["audience"] = {{"all", "device"}};
    return daemon_.admin().request("POST", "/v1/batches", boost::json::serialize(body));
  }

  Result<AdminClient::Answer> enqueue_as_commands(std::span<const std::string> ids,
                                                  const std::string& uuid) const {
    boost::json::array list;
    for (const std::string& id : ids) list.emplace_back(id);
    boost::json::object body = device_information(uuid);
    body["enrolments"] = std::move(list);
    return daemon_.admin().request("POST", "/v1/commands", boost::json::serialize(body));
  }

  Result<AdminClient::Answer> enqueue_as_nanomdm(std::span<const std::string> ids,
                                                 const std::string& uuid) const {
    std::string target = "/v1/enqueue/";
    for (const std::string& id : ids) target += id + ",";
    target.pop_back();
    const std::string body = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>"
        "<key>CommandUUID</key><string>{}</string><key>Command</key><dict><key>RequestType</key>"
        "<string>DeviceInformation</string><key>Queries</key><array><string>OSVersion</string>"
        "<string>DeviceName</string></array></dict></dict></plist>\n",
        uuid);
    return daemon_.admin().request("PUT", target, body);
  }

  Result<void> wait_until_recorded(std::uint64_t accepted) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
      const Result<std::uint64_t> pushed = daemon_.count("wake", "accepted");
      const Result<std::uint64_t> in_flight = daemon_.count("wake", "in_flight");
      const Result<std::uint64_t> waiting = daemon_.count("storage", "waiting");
      if (!pushed || !in_flight || !waiting) return std::unexpected(pushed.error());
      if (*pushed >= accepted && *in_flight == 0 && *waiting == 0) return {};
      if (std::chrono::steady_clock::now() > deadline) {
        return failure(ErrorCode::unavailable,
                       fmt::format("{} of {} pushes were accepted in {} s, {} are in flight",
                                   *pushed, accepted, patience.count(), *in_flight));
      }
      if (telemetry_.is_due()) telemetry_.sample(acknowledged_, fleet_.ids.size());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  const DispatchOptions& options_;
  const Daemon& daemon_;
  const SeededFleet& fleet_;
  Telemetry& telemetry_;
  SystemRandomSource random_;
  std::atomic<std::uint64_t> acknowledged_{0};
  LatencyHistogram latencies_;
};

struct Measured {
  std::vector<double> daemon_cpu, daemon_elapsed, h2load_cpu, h2load_elapsed;
  ProcessUsage usage;
  std::uint64_t commits = 0;
  LatencyHistogram request_latencies;
};

Figures figures_of(const DispatchOptions& options, const Measured& measured) {
  const auto pushes = static_cast<double>(options.enrolments);
  const double cpu = median(measured.daemon_cpu);
  const double elapsed = median(measured.daemon_elapsed);
  Figures figures("dispatch: one command to all, accepted durably, pushed, outcomes on record");
  figures.add_count("enrolments", "enrolments", options.enrolments);
  figures.add_count("runs", "runs, medians of", options.runs);
  figures.add("elapsed_s", "elapsed", elapsed, "s");
  figures.add("pushes_per_s", "pushes", ratio(pushes, elapsed), "/s");
  figures.add("cpu_s", "CPU of reveilled", cpu, "s");
  figures.add("pushes_per_cpu_s", "pushes per CPU-second", ratio(pushes, cpu), "/s");
  figures.add("cpu_us_per_push", "CPU per push", ratio(cpu * 1e6, pushes), "us");
  figures.add_latency("request", "request to its answer", measured.request_latencies);
  figures.add("commits", "commits in all runs", static_cast<double>(measured.commits), "");
  figures.add("resident_mib", "resident memory at most",
              static_cast<double>(measured.usage.resident_kib_max) / 1'024, "MiB");
  if (!measured.h2load_cpu.empty()) {
    const double yardstick = median(measured.h2load_cpu);
    figures.add("h2load_cpu_s", "CPU of h2load for the same pushes", yardstick, "s");
    figures.add("h2load_elapsed_s", "elapsed with h2load", median(measured.h2load_elapsed), "s");
    figures.add("cpu_to_h2load", "reveilled to h2load", ratio(cpu, yardstick), "x");
  }
  return figures;
}

Result<void> run_yardstick(const DispatchOptions& options, const TestBed& bed,
                           const std::filesystem::path& folder, Measured& measured) {
  const H2loadOptions h2load{.port = bed.apns.port,
                             .pushes = options.enrolments,
                             .streams = options.streams,
                             .topic = bed.apple.topic};
  Result<H2loadResult> result = run_h2load(h2load, folder);
  if (!result) return std::unexpected(std::move(result.error()));
  if (result->accepted != options.enrolments) {
    return failure(ErrorCode::unavailable, fmt::format("{} of {} pushes of h2load were accepted",
                                                       result->accepted, options.enrolments));
  }
  measured.h2load_cpu.push_back(result->cpu_seconds);
  measured.h2load_elapsed.push_back(result->elapsed_seconds);
  return {};
}

}  // namespace

Result<Figures> run_dispatch(const DispatchOptions& options, const std::filesystem::path& folder,
                             Telemetry& telemetry) {
  Result<TestBed> bed =
      make_test_bed(folder,
                    {.seed = {.enrolments = options.enrolments, .identities = 0},
                     .apns_arguments = {"--streams-max", std::to_string(options.streams)},
                     .daemon = {.network_lanes = options.network_lanes,
                                .storage_lanes = options.storage_lanes,
                                .apns_connections = options.apns_connections}},
                    telemetry);
  if (!bed) return std::unexpected(std::move(bed.error()));
  const Daemon& daemon = *bed->daemon;

  Measured measured;
  Dispatch dispatch(options, daemon, bed->fleet, telemetry);
  for (std::size_t run = 1; run <= options.runs; ++run) {
    telemetry.phase(fmt::format("reveilled, run {} of {}", run, options.runs));
    Result<Wake> wake = dispatch.run();
    if (!wake) return std::unexpected(std::move(wake.error()));
    measured.daemon_cpu.push_back(wake->cpu_seconds);
    measured.daemon_elapsed.push_back(wake->elapsed_seconds);
    if (!options.with_h2load) continue;
    telemetry.phase(fmt::format("h2load, run {} of {}", run, options.runs));
    Result<void> done = run_yardstick(options, *bed, folder, measured);
    if (!done) return std::unexpected(std::move(done.error()));
  }
  const auto usage = usage_of(daemon.pid());
  if (usage) measured.usage = *usage;
  measured.commits = daemon.count("storage", "commits").value_or(0);
  measured.request_latencies = dispatch.request_latencies();
  return figures_of(options, measured);
}

}  // namespace reveille::bench
