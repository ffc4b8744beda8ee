#include <boost/json.hpp>
#include <chrono>
#include <thread>

#include "bench/load/commands.h"
#include "bench/load/statistics.h"
#include "bench/load/subcommands.h"
#include "bench/load/test_bed.h"

namespace reveille::bench {
namespace {

constexpr std::chrono::seconds patience{600};
constexpr std::chrono::milliseconds think_time{2};

// Somebody asks for single devices and waits for what APNs says, one after the other.
class Operator {
 public:
  Operator(const Daemon& daemon, const SeededFleet& fleet) : daemon_(daemon), fleet_(fleet) {}

  // Nothing is stored: from the request to APNs' answer is all the way that follows a commit.
  Result<void> push_one(LatencyHistogram& latencies) {
    return ask("GET", "/v1/push/" + next_id(), "", latencies);
  }

  // The whole of it: the command is durable before its push goes out.
  Result<void> lock_one(LatencyHistogram& latencies) {
    const boost::json::object body{{"enrolments", {next_id()}}, {"request_type", "DeviceLock"}};
    return ask("POST", "/v1/commands", boost::json::serialize(body), latencies);
  }

 private:
  // Far from its neighbours, and not pushed a moment ago.
  const std::string& next_id() {
    position_ = (position_ + 7'919) % fleet_.ids.size();
    return fleet_.ids[position_];
  }

  Result<void> ask(std::string_view method, const std::string& target, std::string body,
                   LatencyHistogram& latencies) {
    const auto start = std::chrono::steady_clock::now();
    Result<AdminClient::Answer> answer = daemon_.admin().request(method, target, std::move(body));
    const auto taken = std::chrono::steady_clock::now() - start;
    if (!answer) return std::unexpected(std::move(answer.error()));
    if (answer->status != 200) {
      return failure(ErrorCode::unavailable, "an urgent push failed: " + answer->text);
    }
    latencies.add(std::chrono::duration_cast<std::chrono::microseconds>(taken));
    std::this_thread::sleep_for(think_time);
    return {};
  }

  const Daemon& daemon_;
  const SeededFleet& fleet_;
  std::size_t position_ = 0;
};

struct Measured {
  LatencyHistogram quiet_push, quiet_lock, busy_push, busy_lock;
  std::uint64_t busy_requests = 0;
  double bulk_seconds = 0;
};

Result<void> ask_in_the_quiet(Operator& person, std::size_t requests, Measured& measured) {
  for (std::size_t i = 0; i < requests; ++i) {
    if (Result<void> done = person.push_one(measured.quiet_push); !done) return done;
    if (Result<void> done = person.lock_one(measured.quiet_lock); !done) return done;
  }
  return {};
}

// From the batch's start until nearly all of its pushes are out.
Result<void> ask_during_a_batch(const Daemon& daemon, Operator& person, std::size_t enrolments,
                                Measured& measured, Telemetry& telemetry) {
  Result<std::uint64_t> accepted = daemon.count("wake", "accepted");
  if (!accepted) return std::unexpected(std::move(accepted.error()));
  const std::uint64_t begin = *accepted;
  const auto start = std::chrono::steady_clock::now();
  const std::string bulk = batch_of_device_information({{"all", "device"}});
  if (Result<void> started = start_batch(daemon, bulk); !started) return started;
  // Those who were pushed a moment ago are left in peace by the batch.
  const std::uint64_t end = begin + enrolments * 9 / 10;
  while (*accepted < end) {
    if (std::chrono::steady_clock::now() - start > patience) {
      return failure(ErrorCode::unavailable, "the batch was not pushed in time");
    }
    for (int i = 0; i < 5; ++i) {
      if (Result<void> done = person.push_one(measured.busy_push); !done) return done;
      if (Result<void> done = person.lock_one(measured.busy_lock); !done) return done;
      measured.busy_requests += 2;
    }
    accepted = daemon.count("wake", "accepted");
    if (!accepted) return std::unexpected(std::move(accepted.error()));
    telemetry.sample(*accepted - begin, enrolments);
  }
  measured.bulk_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return {};
}

}  // namespace

Result<Figures> run_urgent(const UrgentOptions& options, const std::filesystem::path& folder,
                           Telemetry& telemetry) {
  Result<TestBed> bed = make_test_bed(
      folder,
      {.seed = {.enrolments = options.enrolments, .identities = 0},
       .apns_arguments = {"--latency-ms", std::to_string(options.latency_milliseconds)},
       .daemon = {.network_lanes = options.network_lanes, .storage_lanes = options.storage_lanes}},
      telemetry);
  if (!bed) return std::unexpected(std::move(bed.error()));

  Measured measured;
  Operator person(*bed->daemon, bed->fleet);
  telemetry.phase("on a quiet daemon");
  Result<void> done = ask_in_the_quiet(person, options.quiet_requests, measured);
  if (!done) return std::unexpected(std::move(done.error()));
  telemetry.phase("during a batch for all");
  done = ask_during_a_batch(*bed->daemon, person, options.enrolments, measured, telemetry);
  if (!done) return std::unexpected(std::move(done.error()));

  Figures figures("urgent: how soon a push goes out that somebody waits for");
  figures.add_count("enrolments", "enrolments", options.enrolments);
  figures.add_latency("quiet_push", "quiet: request to APNs' answer", measured.quiet_push);
  figures.add_latency("quiet_lock", "quiet: the same with a durable DeviceLock",
                      measured.quiet_lock);
  figures.add_latency("busy_push", "during a batch for all: push", measured.busy_push);
  figures.add_latency("busy_lock", "during a batch for all: DeviceLock", measured.busy_lock);
  figures.add_count("busy_requests", "requests during the batch", measured.busy_requests);
  figures.add("bulk_s", "the batch's pushes", measured.bulk_seconds, "s");
  return figures;
}

}  // namespace reveille::bench
