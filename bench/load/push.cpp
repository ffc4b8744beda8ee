#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

#include "bench/load/apns_stand_in.h"
#include "bench/load/h2load.h"
#include "bench/load/seeding.h"
#include "bench/load/statistics.h"
#include "bench/load/subcommands.h"
#include "dispatcher/apns/client.h"
#include "tools/reveille/state_folder.h"
#include "tools/reveille/tls_files.h"

namespace reveille::bench {
namespace {

namespace asio = boost::asio;

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double own_cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

constexpr std::chrono::seconds connect_patience{5};

// Keeps as many pushes in flight as the streams hold, each to a token of its own, and counts what
// comes of them.
class PushRun {
 public:
  PushRun(const PushOptions& options, const apns::ClientOptions& client_options,
          pki::PushCertificate certificate, Telemetry& telemetry)
      : options_(options),
        telemetry_(telemetry),
        topic_(certificate.topic),
        client_(lane_, client_options, clock_, random_, log_,
                [this](apns::PushOutcome outcome) { on_outcome(std::move(outcome)); }),
        ticker_(lane_) {
    client_.set_certificate(std::move(certificate));
  }

  void run() {
    asio::post(lane_, [this] { begin_when_connected(); });
    lane_.run();
  }

  Figures figures() const {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    Figures figures("push: the APNs client alone");
    figures.add("elapsed_s", "elapsed", elapsed_seconds_, "s");
    figures.add_count("ok", "accepted", accepted_);
    figures.add_count("bad", "refused by status", refused_);
    figures.add_count("err", "without an answer", unanswered_);
    figures.add("user_s", "CPU, user", seconds_of(usage.ru_utime), "s");
    figures.add("sys_s", "CPU, system", seconds_of(usage.ru_stime), "s");
    figures.add_count("maxrss_kb", "resident memory at most",
                      static_cast<std::uint64_t>(usage.ru_maxrss), "KiB");
    figures.add("pushes_per_s", "pushes", ratio(static_cast<double>(accepted_), elapsed_seconds_),
                "/s");
    figures.add("pushes_per_cpu_s", "pushes per CPU-second",
                ratio(static_cast<double>(accepted_), pushing_cpu_seconds_), "/s");
    figures.add("pushing_cpu_s", "CPU, from the first push to the last answer",
                pushing_cpu_seconds_, "s");
    figures.add_latency("latency", "submit to outcome", latencies_);
    if (!first_failure_.empty()) figures.add_text("first_failure", "first failure", first_failure_);
    return figures;
  }

 private:
  // What the connection costs is no part of what a push costs. A target that is not there is told
  // by the pushes.
  void begin_when_connected() {
    const bool is_late = std::chrono::steady_clock::now() - made_at_ > connect_patience;
    if (client_.statistics().connections == 0 && !is_late) {
      ticker_.expires_after(std::chrono::milliseconds(1));
      ticker_.async_wait([this](boost::system::error_code) { begin_when_connected(); });
      return;
    }
    started_ = std::chrono::steady_clock::now();
    pushing_cpu_seconds_ = -own_cpu_seconds();
    const std::size_t window = options_.connections * options_.streams;
    while (submitted_ < std::min(window, options_.pushes)) submit_next();
    tick();
  }

  void submit_next() {
    const std::size_t number = submitted_++;
    apns::Push push{.ticket = number,
                    .notification = {.push_token = {.bytes = push_token_of(number)},
                                     .push_magic = {.text = "0A0B0C0D-0000-4000-8000-00000000BE7C"},
                                     .expiration = expiration_},
                    .topic = topic_};
    if (!client_.submit(push)) note_unanswered("the client's queue is full");
  }

  void note_unanswered(const std::string& failure) {
    ++unanswered_;
    if (first_failure_.empty()) first_failure_ = failure;
  }

  void on_outcome(apns::PushOutcome outcome) {
    latencies_.add(outcome.latency);
    recent_.add(outcome.latency);
    if (!outcome.response) {
      note_unanswered(outcome.failure);
    } else if (outcome.response->status == 200) {
      ++accepted_;
    } else {
      ++refused_;
      if (first_failure_.empty()) first_failure_ = outcome.response->reason_text;
    }
    if (submitted_ < options_.pushes) submit_next();
    if (accepted_ + refused_ + unanswered_ == options_.pushes) finish();
  }

  void finish() {
    const auto elapsed = std::chrono::steady_clock::now() - started_;
    elapsed_seconds_ = std::chrono::duration<double>(elapsed).count();
    pushing_cpu_seconds_ += own_cpu_seconds();
    ticker_.cancel();
    client_.stop(std::chrono::seconds(2), [this] { lane_.stop(); });
  }

  void tick() {
    ticker_.expires_after(Telemetry::interval);
    ticker_.async_wait([this](boost::system::error_code error) {
      if (error) return;
      telemetry_.sample(accepted_ + refused_ + unanswered_, options_.pushes, recent_);
      tick();
    });
  }

  const PushOptions& options_;
  Telemetry& telemetry_;
  const std::string topic_;
  asio::io_context lane_{1};
  SystemClock clock_;
  SystemRandomSource random_;
  Log log_{LogOptions{.level = LogLevel::error, .format = LogFormat::text}};
  apns::Client client_;
  asio::steady_timer ticker_;
  const std::chrono::sys_seconds expiration_ =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) +
      std::chrono::days(7);
  const std::chrono::steady_clock::time_point made_at_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point started_;
  std::size_t submitted_ = 0;
  std::uint64_t accepted_ = 0, refused_ = 0, unanswered_ = 0;
  LatencyHistogram latencies_, recent_;
  double elapsed_seconds_ = 0, pushing_cpu_seconds_ = 0;
  std::string first_failure_;
};

// A target of one's own, and the files that its clients need.
struct OwnTarget {
  DevelopmentApple apple;
  ApnsStandIn apns;
};

Result<OwnTarget> start_own_target(PushOptions& options, const std::filesystem::path& folder) {
  Result<DevelopmentApple> apple = make_development_apple(folder);
  if (!apple) return std::unexpected(std::move(apple.error()));
  std::vector<std::string> arguments{"--streams-max", std::to_string(options.streams)};
  if (options.latency_milliseconds > 0) {
    arguments.insert(arguments.end(),
                     {"--latency-ms", std::to_string(options.latency_milliseconds)});
  }
  Result<ApnsStandIn> apns = start_apns(*apple, folder, arguments);
  if (!apns) return std::unexpected(std::move(apns.error()));
  options.host = "localhost";
  options.port = apns->port;
  options.ca_file = apple->authority_file;
  options.certificate_file = options.key_file = folder / "push.pem";
  Result<void> written = write_private_file(options.key_file, apple->push_certificate_pem);
  if (!written) return std::unexpected(std::move(written.error()));
  return OwnTarget{.apple = *std::move(apple), .apns = *std::move(apns)};
}

Result<Figures> push_to(const PushOptions& options, Telemetry& telemetry) {
  Result<TlsIdentity> identity = load_tls_identity(options.certificate_file, options.key_file);
  if (!identity) return std::unexpected(std::move(identity.error()));
  auto anchors = load_certificates(options.ca_file);
  if (!anchors) return std::unexpected(std::move(anchors.error()));

  apns::ClientOptions client_options;
  client_options.host = options.host;
  client_options.port = options.port;
  client_options.anchors = *std::move(anchors);
  client_options.connections_max = options.connections;
  client_options.streams_per_connection_max = options.streams;
  const std::size_t window = options.connections * options.streams;
  client_options.queue_capacity = std::max(client_options.queue_capacity, window);
  // A push certificate names its topic; another one may still be good enough for the target.
  const pki::Certificate& certificate = identity->chain.front();
  pki::PushCertificate push_certificate{
      .certificate = certificate,
      .key = identity->key,
      .topic = certificate.user_id().value_or("com.apple.mgmt.External.reveille-bench")};
  telemetry.phase("pushing");
  telemetry.watch(::getpid());
  PushRun run(options, client_options, std::move(push_certificate), telemetry);
  run.run();
  return run.figures();
}

// The least that libnghttp2 allows: floor-push's CPU for the same pushes, without its connection.
Result<double> run_floor(const PushOptions& options, const std::string& topic,
                         const std::filesystem::path& folder) {
  const std::filesystem::path log = folder / "floor.log";
  std::error_code ignored;
  std::filesystem::remove(log, ignored);
  auto process = ChildProcess::start(
      own_program("floor-push"),
      {"--host", options.host, "--port", std::to_string(options.port), "--topic", topic, "--pushes",
       std::to_string(options.pushes), "--streams", std::to_string(options.streams), "--ca",
       options.ca_file.string(), "--cert", options.certificate_file.string(), "--key",
       options.key_file.string()},
      log);
  if (!process) return std::unexpected(std::move(process.error()));
  Result<ChildProcess::Ended> ended = (*process)->wait(std::chrono::seconds(300));
  if (!ended) return std::unexpected(std::move(ended.error()));
  std::ifstream file(log);
  const std::string output(std::istreambuf_iterator<char>(file), {});
  boost::system::error_code error;
  const auto value = boost::json::parse(output, error);
  if (ended->exit_status != 0 || error || !value.is_object()) {
    return failure(ErrorCode::unavailable, "floor-push: " + output);
  }
  return value.at("pushing_cpu_s").to_number<double>();
}

// The client, floor-push and h2load in turn: medians, so that a moment's load falls on none alone.
Result<Figures> push_beside_yardsticks(const PushOptions& options, const std::string& topic,
                                       const std::filesystem::path& folder, Telemetry& telemetry) {
  std::vector<double> client, floor, h2load;
  std::optional<Figures> figures;
  for (std::size_t run = 0; run < options.runs; ++run) {
    Result<Figures> one = push_to(options, telemetry);
    if (!one) return one;
    client.push_back(one->number("pushing_cpu_s"));
    telemetry.phase("floor-push");
    Result<double> least = run_floor(options, topic, folder);
    if (!least) return std::unexpected(std::move(least.error()));
    floor.push_back(*least);
    telemetry.phase("h2load");
    Result<H2loadResult> other = run_h2load({.port = options.port,
                                             .pushes = options.pushes,
                                             .streams = options.streams,
                                             .topic = topic},
                                            folder);
    if (!other) return std::unexpected(std::move(other.error()));
    h2load.push_back(other->cpu_seconds);
    if (!figures) figures = *std::move(one);
  }
  const double client_cpu = median(client), floor_cpu = median(floor), h2load_cpu = median(h2load);
  figures->add("client_cpu_s", "CPU of the client, median", client_cpu, "s");
  figures->add("floor_cpu_s", "CPU of floor-push for the same pushes", floor_cpu, "s");
  figures->add("h2load_cpu_s", "CPU of h2load for the same pushes", h2load_cpu, "s");
  figures->add("cpu_to_floor", "the client to floor-push", ratio(client_cpu, floor_cpu), "x");
  figures->add("cpu_to_h2load", "the client to h2load", ratio(client_cpu, h2load_cpu), "x");
  return *std::move(figures);
}

// How near the client comes to the rate that streams and latency allow.
Result<Figures> push_far(const PushOptions& options, Telemetry& telemetry) {
  Result<Figures> figures = push_to(options, telemetry);
  if (!figures) return figures;
  const double allowed = 1'000.0 * static_cast<double>(options.connections * options.streams) /
                         static_cast<double>(options.latency_milliseconds);
  figures->add("allowed_per_s", "pushes that streams and latency allow", allowed, "/s");
  figures->add("of_allowed", "of those", figures->number("pushes_per_s") / allowed, "");
  return figures;
}

}  // namespace

Result<Figures> run_push(PushOptions options, const std::filesystem::path& folder,
                         Telemetry& telemetry) {
  if (!options.host.empty()) {
    Result<void> allowed = check_target_host(options.host, options.insistence);
    if (!allowed) return std::unexpected(std::move(allowed.error()));
    return push_to(options, telemetry);
  }
  Result<OwnTarget> target = start_own_target(options, folder);
  if (!target) return std::unexpected(std::move(target.error()));
  if (options.latency_milliseconds > 0) return push_far(options, telemetry);
  return push_beside_yardsticks(options, target->apple.topic, folder, telemetry);
}

}  // namespace reveille::bench
