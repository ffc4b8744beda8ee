// reveille-fleet: simulated Apple devices that enrol for real and live as devices do.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <fstream>

#include "tools/simulators/device/control.h"
#include "tools/simulators/device/fleet.h"
#include "tools/simulators/device/scenario_file.h"

namespace reveille::simulators::device {
namespace {

namespace asio = boost::asio;

struct Arguments {
  FleetOptions fleet;
  std::string links_file, authority_file, notify_socket, control_socket, history_file;
  std::string scenario_file, bearer_tokens_file;
  double not_now_rate = 0, fail_rate = 0;
  std::string keys = "ec", proof = "certificate", http = "1", report_file;
  unsigned connect_delay_ms = 5, answer_delay_ms = 0, not_now_poll_ms = 2'000, seconds = 0;
  bool json = false, quiet = false, print_example_scenario = false;
};

void declare(CLI::App& app, Arguments& arguments) {
  FleetOptions& fleet = arguments.fleet;
  app.add_option("--links", arguments.links_file,
                 "File of enrolment URLs, one a line and device (reveillectl enrolment-link)");
  app.add_option("--devices", fleet.devices,
                 "How many of them enrol; the other links are for those that come back (0: all)");
  app.add_option("--authority", arguments.authority_file,
                 "PEM of the authority that the devices trust for TLS");
  app.add_option("--scenario", arguments.scenario_file,
                 "TOML: which kinds of devices there are, and how they live");
  app.add_flag("--print-example-scenario", arguments.print_example_scenario,
               "Print one with every option, and end");
  app.add_flag("--example-scenario", arguments.print_example_scenario)->group("");  // the same
  app.add_option("--bearer-tokens", arguments.bearer_tokens_file,
                 "File of access tokens, one a line, that account-driven enrolments show");
  app.add_option("--notify-socket", arguments.notify_socket,
                 "reveille-apns's socket: without it devices are never woken");
  app.add_option("--control-socket", arguments.control_socket, "Unix socket for scripts");
  app.add_option("--history", arguments.history_file, "Write what happens here, JSON lines");
  app.add_option("--report-file", arguments.report_file, "Write the JSON report here at the end");
  app.add_flag("--json", arguments.json, "Print the report as JSON");
  app.add_flag("--quiet", arguments.quiet, "No progress");
  app.add_option("--keys", arguments.keys, "Device keys")
      ->check(CLI::IsMember({"ec", "rsa"}))
      ->capture_default_str();
  app.add_option("--key-pool", fleet.key_pool, "RSA keys made and shared by the devices")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--identity", arguments.proof, "How devices prove who they are")
      ->check(CLI::IsMember({"certificate", "signature"}))
      ->capture_default_str();
  app.add_option("--http", arguments.http, "HTTP version")
      ->check(CLI::IsMember({"1", "2"}))
      ->capture_default_str();
  app.add_option("--concurrency", fleet.concurrency, "Devices that talk at the same time")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--enrolment-attempts", fleet.enrolment_attempts_max,
                 "Of each step of an enrolment, while the server does not answer or with 503")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  const auto rate = CLI::Range(0.0, 1.0);
  app.add_option("--not-now-rate", arguments.not_now_rate,
                 "Commands put off with NotNow; goes before the scenario's")
      ->check(rate);
  app.add_option("--fail-rate", arguments.fail_rate, "Commands answered with Error; the same")
      ->check(rate);
  app.add_option("--connect-delay-ms", arguments.connect_delay_ms, "From push to connection")
      ->capture_default_str();
  app.add_option("--answer-delay-ms", arguments.answer_delay_ms, "Work on each command");
  app.add_option("--not-now-poll-ms", arguments.not_now_poll_ms,
                 "Until a device connects by itself after NotNow")
      ->capture_default_str();
  app.add_option("--seconds", arguments.seconds, "End after so long; 0: when stopped");
  app.add_option("--seed", fleet.seed, "Of all dice")->capture_default_str();
  app.add_option("--udid-prefix", fleet.udid_prefix, "What the devices' UDIDs begin with")
      ->capture_default_str();
}

std::string read_lines(const std::string& file, std::vector<std::string>& lines) {
  std::ifstream stream(file);
  if (!stream) return "cannot read " + file;
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  return lines.empty() ? file + " holds no line" : "";
}

// Every error of the scenario, one a line; empty when there is none.
std::string read_scenario(Arguments& arguments, const CLI::App& app) {
  FleetOptions& fleet = arguments.fleet;
  if (!arguments.scenario_file.empty()) {
    LoadedScenario loaded = load_scenario(arguments.scenario_file);
    if (!loaded.errors.empty()) return fmt::format("{}", fmt::join(loaded.errors, "\n"));
    fleet.scenario = std::move(loaded.scenario);
  }
  if (app.count("--not-now-rate") > 0) fleet.scenario.answers.not_now_rate = arguments.not_now_rate;
  if (app.count("--fail-rate") > 0) fleet.scenario.answers.fail_rate = arguments.fail_rate;
  return {};
}

std::string complete(Arguments& arguments, const CLI::App& app) {
  FleetOptions& fleet = arguments.fleet;
  if (arguments.links_file.empty()) return "--links is required";
  if (arguments.authority_file.empty()) return "--authority is required";
  std::string problem = read_lines(arguments.links_file, fleet.links);
  if (problem.empty() && !arguments.bearer_tokens_file.empty()) {
    problem = read_lines(arguments.bearer_tokens_file, fleet.bearer_tokens);
  }
  if (problem.empty()) problem = read_scenario(arguments, app);
  if (!problem.empty()) return problem;
  fleet.authority_file = arguments.authority_file;
  if (!arguments.notify_socket.empty()) fleet.notify_socket = arguments.notify_socket;
  if (!arguments.history_file.empty()) fleet.history_file = arguments.history_file;
  fleet.keys = arguments.keys == "rsa" ? KeyKind::rsa : KeyKind::ec;
  fleet.proof =
      arguments.proof == "signature" ? IdentityProof::signature : IdentityProof::certificate;
  fleet.http = arguments.http == "2" ? HttpVersion::http2 : HttpVersion::http1;
  fleet.connect_delay = std::chrono::milliseconds(arguments.connect_delay_ms);
  fleet.answer_delay = std::chrono::milliseconds(arguments.answer_delay_ms);
  fleet.not_now_poll = std::chrono::milliseconds(arguments.not_now_poll_ms);
  return {};
}

asio::awaitable<void> show_progress(const Fleet& fleet) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    const Report& report = fleet.report();
    fmt::print(stderr, "\r{}/{} enrolled, {} pushed, {} handed out, {} acknowledged, {} put off   ",
               report.enrolled, report.devices, report.pushes_heard, report.commands_handed_out,
               report.acknowledged, report.not_now);
    timer.expires_after(std::chrono::milliseconds(250));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

asio::awaitable<void> live(Fleet& fleet, unsigned seconds) {
  asio::co_spawn(co_await asio::this_coro::executor, fleet.follow_pushes(), asio::detached);
  co_await fleet.enrol_all();
  if (seconds == 0) co_return;
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::seconds(seconds));
  co_await timer.async_wait(asio::use_awaitable);
}

int run(Arguments& arguments, const CLI::App& app) {
  if (arguments.print_example_scenario) {
    fmt::print("{}", print_example_scenario());
    return 0;
  }
  if (const std::string problem = complete(arguments, app); !problem.empty()) {
    fmt::print(stderr, "reveille-fleet: {}\n", problem);
    return 2;
  }
  asio::io_context lane(1);
  auto fleet = Fleet::make(lane, arguments.fleet);
  if (!fleet) {
    fmt::print(stderr, "reveille-fleet: {}\n", fleet.error().detail);
    return 1;
  }
  std::unique_ptr<Control> control;
  if (!arguments.control_socket.empty()) {
    auto listening = Control::listen(lane, arguments.control_socket, **fleet);
    if (!listening) {
      fmt::print(stderr, "reveille-fleet: {}\n", listening.error().detail);
      return 1;
    }
    control = *std::move(listening);
  }
  asio::signal_set signals(lane, SIGINT, SIGTERM);
  signals.async_wait([&lane](boost::system::error_code, int) { lane.stop(); });
  if (!arguments.quiet && isatty(STDERR_FILENO) != 0) {
    asio::co_spawn(lane, show_progress(**fleet), asio::detached);
  }
  auto on_end = [&lane, &arguments](std::exception_ptr failed) {
    if (arguments.seconds != 0 || failed) lane.stop();
  };
  asio::co_spawn(lane, live(**fleet, arguments.seconds), std::move(on_end));
  lane.run();

  const Report& report = (*fleet)->report();
  if (!arguments.report_file.empty()) {
    std::ofstream(arguments.report_file) << report.as_json() << "\n";
  }
  fmt::print("{}{}", arguments.json ? report.as_json() : report.as_text(),
             arguments.json ? "\n" : "");
  return report.broken.empty() ? 0 : 3;
}

}  // namespace
}  // namespace reveille::simulators::device

int main(int count, char** values) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{
      "Simulated Apple devices: they enrol for real (profile, SCEP, check-in), sleep until they "
      "are\n"
      "pushed, connect, answer, and hold the server to the protocol.\n"
      "Exit status: 0; 3 when a rule was broken; 2 when an option or the scenario is wrong;\n"
      "1 when it could not start."};
  reveille::simulators::device::Arguments arguments;
  reveille::simulators::device::declare(app, arguments);
  try {
    app.parse(count, values);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return reveille::simulators::device::run(arguments, app);
}
