// reveille-apns: a stand-in for Apple's push service, for load tests and demonstrations.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <utility>

#include "tools/simulators/apns/server.h"

namespace reveille::simulators::apns {
namespace {

namespace asio = boost::asio;

struct Arguments {
  ServerOptions server;
  Behaviour behaviour;
  std::string certificate_file, key_file;
  std::string port_file, report_file, notify_socket, scenario_file;
  std::vector<std::string> statuses;
  unsigned latency_milliseconds = 0, jitter_milliseconds = 0;
  double refuse_rate = 0, reset_rate = 0, stall_rate = 0, cut_rate = 0;
  std::optional<std::uint64_t> seed;
  bool json = false, strict = false, print_example_scenario = false;
};

void declare_rates(CLI::App& app, Arguments& arguments) {
  const auto rate = CLI::Range(0.0, 1.0);
  app.add_option("--status", arguments.statuses,
                 "REASON=RATE, e.g. TooManyRequests=0.01; may be repeated");
  app.add_option("--refuse-rate", arguments.refuse_rate, "RST_STREAM(REFUSED_STREAM)")->check(rate);
  app.add_option("--reset-rate", arguments.reset_rate, "RST_STREAM(INTERNAL_ERROR)")->check(rate);
  app.add_option("--stall-rate", arguments.stall_rate, "Never answered")->check(rate);
  app.add_option("--cut-rate", arguments.cut_rate, "Connection cut instead of an answer")
      ->check(rate);
}

void declare(CLI::App& app, Arguments& arguments) {
  auto& server = arguments.server;
  auto& behaviour = arguments.behaviour;
  app.add_option("--address", server.address, "Address to listen on")->capture_default_str();
  app.add_option("--port", server.port, "Port; 0 takes any free one")->capture_default_str();
  app.add_option("--certificate", arguments.certificate_file, "Server certificate chain, PEM");
  app.add_option("--key", arguments.key_file, "Its private key, PEM");
  app.add_option("--port-file", arguments.port_file, "Write the port here once listening");
  app.add_option("--notify-socket", arguments.notify_socket,
                 "Unix socket on which simulated devices hear of their pushes");
  app.add_option("--report-file", arguments.report_file, "Write the JSON report here at the end");
  app.add_option("--assume-topic", server.assumed_topic,
                 "Let clients without a certificate push to this topic (h2load has none)");
  app.add_flag("--json", arguments.json, "Print the report as JSON");
  app.add_option("--scenario", arguments.scenario_file,
                 "TOML: how Apple behaves and when that changes; the options below are its base");
  app.add_flag("--print-example-scenario", arguments.print_example_scenario,
               "Print a scenario with every key explained, and end");
  app.add_flag("--example-scenario", arguments.print_example_scenario)->group("");  // as it was
  app.add_flag("--strict", arguments.strict,
               "Count as broken rules also what Apple forgives: how headers are represented, "
               "priorities, padding, a missing apns-id, a longer payload than needed, doubles");
  app.add_option("--repeat-window-ms", server.ledger.repeat_window_milliseconds,
                 "A token accepted again within it counts as repeated")
      ->capture_default_str();
  app.add_option("--ledger-tokens-max", server.ledger.tokens_max,
                 "How many tokens are remembered, at 32 to 64 bytes each")
      ->capture_default_str();
  app.add_option("--streams-max", behaviour.settings.streams_max, "SETTINGS_MAX_CONCURRENT_STREAMS")
      ->capture_default_str();
  app.add_option("--latency-ms", arguments.latency_milliseconds, "Delay before each answer");
  app.add_option("--jitter-ms", arguments.jitter_milliseconds, "Added to it, uniform");
  app.add_option("--goaway-after", behaviour.goaway.after_streams,
                 "GOAWAY after so many streams of a connection");
  declare_rates(app, arguments);
  app.add_option("--seed", arguments.seed, "Of all dice, whatever the scenario says");
}

// The faults that rates of the command line ask for. They are tried one after the other, so each
// rate is made up for what the earlier ones took. Statuses are rates of the pushes that get an
// answer at all.
Result<void> add_faults(Arguments& arguments) {
  std::vector<PushFault>& faults = arguments.behaviour.pushes;
  double taken = 0;
  const auto add = [&](PushFault fault) {
    const double rate = fault.rate;
    fault.rate = taken >= 1 ? 0 : std::min(1.0, rate / (1 - taken));
    taken += rate;
    if (rate > 0) faults.push_back(std::move(fault));
  };
  using Kind = PushFault::Kind;
  add({.kind = Kind::refuse, .rate = arguments.refuse_rate});
  add({.kind = Kind::reset, .rate = arguments.reset_rate});
  add({.kind = Kind::stall, .rate = arguments.stall_rate});
  add({.kind = Kind::cut, .rate = arguments.cut_rate});
  taken = 0;
  for (const std::string& text : arguments.statuses) {
    Result<PushFault> fault = parse_status_rate(text);
    if (!fault) return failure(ErrorCode::malformed, "--status " + fault.error().detail);
    add(*std::move(fault));
  }
  return {};
}

Result<void> complete(Arguments& arguments) {
  ServerOptions& server = arguments.server;
  for (auto [file, text] :
       {std::pair{&arguments.certificate_file, &server.identity.certificate_chain},
        std::pair{&arguments.key_file, &server.identity.key}}) {
    if (file->empty()) {
      return failure(ErrorCode::malformed, "--certificate and --key are needed: PEM files");
    }
    Result<std::string> read = read_file(*file);
    if (!read) return std::unexpected(std::move(read.error()));
    *text = *std::move(read);
  }
  const auto least = std::chrono::milliseconds(arguments.latency_milliseconds);
  const auto jitter = std::chrono::milliseconds(arguments.jitter_milliseconds);
  if (jitter.count() > 0) {
    arguments.behaviour.latency = LatencyDistribution::uniform(least, least + jitter);
  } else {
    arguments.behaviour.latency = LatencyDistribution::fixed(least);
  }
  Result<void> added = add_faults(arguments);
  if (!added) return added;
  server.scenario = Scenario::always(arguments.behaviour);
  if (!arguments.scenario_file.empty()) {
    auto loaded = load_scenario(arguments.scenario_file, arguments.behaviour);
    if (!loaded)
      return failure(ErrorCode::malformed, fmt::format("{}", fmt::join(loaded.error(), "\n")));
    server.scenario = *std::move(loaded);
  }
  if (arguments.seed) server.scenario.seed = *arguments.seed;
  if (!arguments.notify_socket.empty()) server.notify_socket = arguments.notify_socket;
  if (arguments.strict) server.strictness = Strictness::all;
  return {};
}

// One line a second while someone watches.
asio::awaitable<void> show_progress(Server& server) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  std::uint64_t before = 0;
  for (;;) {
    timer.expires_after(std::chrono::seconds(1));
    co_await timer.async_wait(asio::use_awaitable);
    const Report& report = server.report();
    fmt::print(stderr, "\r{}: {} connections, {} pushes, {}/s, {} accepted, {} owed   ",
               server.phase_name(), report.connections_open, report.requests,
               report.requests - before, report.accepted, report.ledger.owed);
    before = report.requests;
  }
}

void tell_port(const std::string& file, std::uint16_t port) {
  if (file.empty()) return;
  std::ofstream(file + ".new") << port << "\n";
  std::rename((file + ".new").c_str(), file.c_str());  // whole or not there
}

bool kept_the_rules(const Report& report, bool strict) {
  const bool doubled = report.ledger.doubles > report.ledger.doubles_explained;
  return report.broken_rules.empty() && !(strict && (doubled || report.ledger.ids_misused > 0));
}

int fail(int status, const Error& error) {
  fmt::print(stderr, "reveille-apns: {}\n", error.detail);
  return status;
}

int run(Arguments& arguments) {
  if (arguments.print_example_scenario) {
    fmt::print("{}", example_scenario());
    return 0;
  }
  if (Result<void> completed = complete(arguments); !completed) return fail(2, completed.error());
  asio::io_context lane(1);
  const std::string address = arguments.server.address;
  auto server = Server::open(lane, std::move(arguments.server));
  if (!server) return fail(1, server.error());
  tell_port(arguments.port_file, (*server)->port());
  fmt::print(stderr, "reveille-apns: listening on {}:{}\n", address, (*server)->port());
  asio::signal_set signals(lane, SIGINT, SIGTERM);
  signals.async_wait([&lane](boost::system::error_code, int) { lane.stop(); });
  if (isatty(STDERR_FILENO) != 0) asio::co_spawn(lane, show_progress(**server), asio::detached);
  lane.run();

  const Report& report = (*server)->report();
  if (!arguments.report_file.empty()) {
    std::ofstream(arguments.report_file) << report.as_json() << "\n";
  }
  fmt::print("{}{}", arguments.json ? report.as_json() : report.as_text(),
             arguments.json ? "\n" : "");
  return kept_the_rules(report, arguments.strict) ? 0 : 3;
}

}  // namespace
}  // namespace reveille::simulators::apns

int main(int count, char** values) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{
      "A stand-in for Apple's push service: keeps its rules, misbehaves on request.\n"
      "Exit status: 0; 3 when the provider broke a rule; 2 when an option or the scenario is\n"
      "wrong; 1 when it could not start."};
  reveille::simulators::apns::Arguments arguments;
  reveille::simulators::apns::declare(app, arguments);
  try {
    app.parse(count, values);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return reveille::simulators::apns::run(arguments);
}
