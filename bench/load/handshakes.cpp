#include <fmt/format.h>

#include <utility>

#include "bench/load/apns_stand_in.h"
#include "bench/load/cpu_clock.h"
#include "bench/load/daemon.h"
#include "bench/load/handshake_load.h"
#include "bench/load/loopback_port.h"
#include "bench/load/seeding.h"
#include "bench/load/statistics.h"
#include "bench/load/subcommands.h"

namespace reveille::bench {
namespace {

// What one server took for each handshake, by run, in microseconds.
struct Costs {
  std::vector<double> full, resumed;
};

struct OpensslServer {
  std::unique_ptr<ChildProcess> process;
  std::uint16_t port = 0;
};

// The yardstick: demands a certificate of the same authority, shows the same one with the same key,
// and does nothing with a connection. One ticket, as the daemon sends.
Result<OpensslServer> start_openssl(const std::filesystem::path& folder) {
  OpensslServer server{.process = nullptr, .port = free_loopback_port()};
  const std::filesystem::path state = state_folder_of(folder);
  auto process = ChildProcess::start(
      "openssl",
      {"s_server", "-accept", fmt::format("127.0.0.1:{}", server.port), "-quiet", "-rev", "-cert",
       (state / "server.pem").string(), "-key", (state / "server.key").string(), "-CAfile",
       (state / "ca.pem").string(), "-Verify", "2", "-verify_return_error", "-num_tickets", "1"},
      folder / "openssl.log");
  if (!process) return std::unexpected(std::move(process.error()));
  server.process = *std::move(process);
  Result<void> ready =
      server.process->wait_until([port = server.port] { return accepts_connections(port); },
                                 std::chrono::seconds(20), "openssl s_server listened");
  if (!ready) return std::unexpected(std::move(ready.error()));
  return server;
}

Result<double> cost_of(HandshakeLoad& load, std::uint16_t port, pid_t process, Handshake kind,
                       std::size_t times) {
  double before = 0;
  Result<void> done =
      load.shake_hands(port, kind, times, [&] { before = cpu_seconds_of(process); });
  if (!done) return std::unexpected(std::move(done.error()));
  return (cpu_seconds_of(process) - before) * 1e6 / static_cast<double>(times);
}

Result<void> run_once(HandshakeLoad& load, std::uint16_t port, pid_t process, std::size_t times,
                      Costs& costs) {
  for (const Handshake kind : {Handshake::full, Handshake::resumed}) {
    Result<double> cost = cost_of(load, port, process, kind, times);
    if (!cost) return std::unexpected(std::move(cost.error()));
    (kind == Handshake::full ? costs.full : costs.resumed).push_back(*cost);
  }
  return {};
}

void add(Figures& figures, const std::string& key, const std::string& label,
         const std::vector<double>& ours, const std::vector<double>& theirs) {
  const double cpu = median(ours), yardstick = median(theirs);
  figures.add(key + "_cpu_us", "CPU of reveilled for each " + label, cpu, "us");
  figures.add(key + "_per_cpu_s", label + "s per CPU-second", ratio(1e6, cpu), "/s");
  figures.add("openssl_" + key + "_cpu_us", "CPU of openssl s_server", yardstick, "us");
  figures.add("openssl_" + key + "_per_cpu_s", label + "s per CPU-second", ratio(1e6, yardstick),
              "/s");
  figures.add(key + "_share_of_openssl", "reveilled's share of what openssl does",
              ratio(yardstick, cpu), "x");
}

}  // namespace

Result<Figures> run_handshakes(const HandshakesOptions& options,
                               const std::filesystem::path& folder, Telemetry& telemetry) {
  Result<DevelopmentApple> apple = make_development_apple(folder);
  if (!apple) return std::unexpected(std::move(apple.error()));
  Result<SeededFleet> fleet =
      seed(state_folder_of(folder), *apple, {.enrolments = 1, .identities = 1}, [](std::size_t) {});
  if (!fleet) return std::unexpected(std::move(fleet.error()));
  auto daemon = Daemon::start({.folder = folder,
                               .apns_anchors_file = apple->authority_file,
                               .network_lanes = options.network_lanes});
  if (!daemon) return std::unexpected(std::move(daemon.error()));
  Result<OpensslServer> openssl = start_openssl(folder);
  if (!openssl) return std::unexpected(std::move(openssl.error()));
  auto load = HandshakeLoad::make(*fleet);
  if (!load) return std::unexpected(std::move(load.error()));

  Costs ours, theirs;
  for (std::size_t run = 1; run <= options.runs; ++run) {
    telemetry.phase(fmt::format("run {} of {}", run, options.runs));
    telemetry.watch((*daemon)->pid());
    Result<void> done =
        run_once(**load, (*daemon)->device_port(), (*daemon)->pid(), options.handshakes, ours);
    telemetry.sample(run, options.runs);
    if (done) {
      done = run_once(**load, openssl->port, openssl->process->pid(), options.handshakes, theirs);
    }
    if (!done) return std::unexpected(std::move(done.error()));
  }
  Figures figures("handshakes: mutual TLS 1.3 with one identity, beside openssl s_server");
  figures.add_count("handshakes", "handshakes of each kind in a run", options.handshakes);
  figures.add_count("runs", "runs, medians of", options.runs);
  add(figures, "full", "full handshake", ours.full, theirs.full);
  add(figures, "resumed", "resumption", ours.resumed, theirs.resumed);
  return figures;
}

}  // namespace reveille::bench
