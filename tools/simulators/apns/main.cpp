// reveille-apns: a stand-in for Apple's push service, for load tests and demonstrations.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "tools/simulators/apns/server.h"

namespace reveille::simulators::apns {
namespace {

namespace asio = boost::asio;

struct Arguments {
  ServerOptions server;
  std::string certificate_file, key_file, client_authority_file;
  std::string port_file, report_file, notify_socket;
  std::vector<std::string> statuses;
  unsigned latency_milliseconds = 0, jitter_milliseconds = 0;
  bool json = false;
};

void declare(CLI::App& app, Arguments& arguments) {
  auto& server = arguments.server;
  auto& misbehaviour = server.misbehaviour;
  app.add_option("--address", server.address, "Address to listen on")->capture_default_str();
  app.add_option("--port", server.port, "Port; 0 takes any free one")->capture_default_str();
  app.add_option("--certificate", arguments.certificate_file, "Server certificate chain, PEM")
      ->required();
  app.add_option("--key", arguments.key_file, "Its private key, PEM")->required();
  app.add_option("--port-file", arguments.port_file, "Write the port here once listening");
  app.add_option("--notify-socket", arguments.notify_socket,
                 "Unix socket on which simulated devices hear of their pushes");
  app.add_option("--report-file", arguments.report_file, "Write the JSON report here at the end");
  app.add_option("--assume-topic", server.assumed_topic,
                 "Let clients without a certificate push to this topic (h2load has none)");
  app.add_flag("--json", arguments.json, "Print the report as JSON");
  app.add_option("--streams-max", server.streams_max, "SETTINGS_MAX_CONCURRENT_STREAMS")
      ->capture_default_str();
  app.add_option("--latency-ms", arguments.latency_milliseconds, "Delay before each answer");
  app.add_option("--jitter-ms", arguments.jitter_milliseconds, "Added to it, uniform");
  app.add_option("--status", arguments.statuses,
                 "REASON=RATE, e.g. TooManyRequests=0.01; may be repeated");
  app.add_option("--goaway-after", misbehaviour.goaway_after,
                 "GOAWAY after so many streams of a connection");
  const auto rate = CLI::Range(0.0, 1.0);
  app.add_option("--refuse-rate", misbehaviour.refuse_rate, "RST_STREAM(REFUSED_STREAM)")
      ->check(rate);
  app.add_option("--reset-rate", misbehaviour.reset_rate, "RST_STREAM(INTERNAL_ERROR)")
      ->check(rate);
  app.add_option("--stall-rate", misbehaviour.stall_rate, "Never answered")->check(rate);
  app.add_option("--cut-rate", misbehaviour.cut_rate, "Connection cut instead of an answer")
      ->check(rate);
  app.add_option("--seed", misbehaviour.seed, "Of all dice")->capture_default_str();
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return failure(ErrorCode::unavailable, "cannot read " + path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<http::TlsContext> make_tls(const Arguments& arguments) {
  Result<std::string> certificate = read_file(arguments.certificate_file);
  if (!certificate) return std::unexpected(certificate.error());
  Result<std::string> key = read_file(arguments.key_file);
  if (!key) return std::unexpected(key.error());
  auto chain = pki::Certificate::all_from_pem(*certificate);
  if (!chain) return std::unexpected(chain.error());
  auto private_key = pki::PrivateKey::from_pem(*key);
  if (!private_key) return std::unexpected(private_key.error());
  const http::TlsContext::ServerOptions options{
      .chain = *std::move(chain),
      .key = *std::move(private_key),
      .protocols = {"h2"},
      .client_certificate = http::TlsContext::ServerOptions::ClientCertificate::optional,
      .client_issuers = {}};
  return http::TlsContext::for_server(options);
}

Result<void> complete(Arguments& arguments) {
  auto& misbehaviour = arguments.server.misbehaviour;
  misbehaviour.latency = std::chrono::milliseconds(arguments.latency_milliseconds);
  misbehaviour.latency_jitter = std::chrono::milliseconds(arguments.jitter_milliseconds);
  for (const std::string& text : arguments.statuses) {
    Result<StatusRate> status = parse_status_rate(text);
    if (!status) return failure(ErrorCode::malformed, "--status " + status.error().detail);
    misbehaviour.statuses.push_back(*status);
  }
  if (!arguments.notify_socket.empty()) arguments.server.notify_socket = arguments.notify_socket;
  return {};
}

// One line a second while someone watches.
asio::awaitable<void> show_progress(const Server& server) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  std::uint64_t before = 0;
  for (;;) {
    timer.expires_after(std::chrono::seconds(1));
    co_await timer.async_wait(asio::use_awaitable);
    const Report& report = server.report();
    fmt::print(stderr, "\r{} connections, {} pushes, {}/s, {} accepted   ", report.connections_open,
               report.requests, report.requests - before, report.accepted);
    before = report.requests;
  }
}

int run(Arguments& arguments) {
  if (Result<void> completed = complete(arguments); !completed) {
    fmt::print(stderr, "reveille-apns: {}\n", completed.error().detail);
    return 2;
  }
  Result<http::TlsContext> tls = make_tls(arguments);
  if (!tls) {
    fmt::print(stderr, "reveille-apns: {}\n", tls.error().detail);
    return 1;
  }
  asio::io_context lane(1);
  auto server = Server::open(lane, arguments.server, *std::move(tls));
  if (!server) {
    fmt::print(stderr, "reveille-apns: {}\n", server.error().detail);
    return 1;
  }
  if (!arguments.port_file.empty()) {
    std::ofstream(arguments.port_file + ".new") << (*server)->port() << "\n";
    std::rename((arguments.port_file + ".new").c_str(), arguments.port_file.c_str());
  }
  fmt::print(stderr, "reveille-apns: listening on {}:{}\n", arguments.server.address,
             (*server)->port());
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
  return report.broken_rules.empty() ? 0 : 3;
}

}  // namespace
}  // namespace reveille::simulators::apns

int main(int count, char** values) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{
      "A stand-in for Apple's push service: keeps its rules, misbehaves on request.\n"
      "Exit status: 0, or 3 when the provider broke a rule, 1 when it could not start."};
  reveille::simulators::apns::Arguments arguments;
  reveille::simulators::apns::declare(app, arguments);
  CLI11_PARSE(app, count, values);
  return reveille::simulators::apns::run(arguments);
}
