#include "bench/load/arguments.h"

#include <map>

namespace reveille::bench {
namespace {

using simulators::device::HttpVersion;
using simulators::device::KeyKind;

const std::map<std::string, HttpVersion> http_versions{{"1", HttpVersion::http1},
                                                       {"2", HttpVersion::http2}};

CLI::Option* add_count(CLI::App& app, const std::string& name, std::size_t& value,
                       const std::string& description, std::size_t max = 10'000'000,
                       std::size_t min = 1) {
  return app.add_option(name, value, description)
      ->check(CLI::Range(min, max))
      ->capture_default_str();
}

void add_http(CLI::App& app, HttpVersion& version) {
  app.add_option("--http", version, "HTTP version, 1 or 2")
      ->transform(CLI::CheckedTransformer(http_versions))
      ->default_str("1");
}

void add_lanes(CLI::App& app, std::size_t& network, std::size_t* storage) {
  add_count(app, "--network-lanes", network, "reveilled's; 0: one for each core", 256, 0);
  if (storage != nullptr) add_count(app, "--storage-lanes", *storage, "reveilled's", 16);
}

CLI::App* declare_push(CLI::App& app, Arguments& arguments) {
  PushOptions& options = arguments.push;
  CLI::App* push = app.add_subcommand("push", "The APNs client alone, against any target");
  CLI::Option* host = push->add_option(
      "--host", options.host,
      "The target; without it a reveille-apns of its own, and beside it floor-push and h2load");
  push->add_option("--port", options.port, "Its port")->capture_default_str();
  add_count(*push, "--pushes", options.pushes, "Pushes, each to a token of its own", 100'000'000);
  add_count(*push, "--connections", options.connections, "Connections", 64);
  add_count(*push, "--streams", options.streams, "Streams of each; the target's limit is kept too",
            100'000);
  CLI::Option* ca =
      push->add_option("--ca", options.ca_file, "PEM: whom the target's certificate chains to");
  CLI::Option* certificate =
      push->add_option("--cert", options.certificate_file, "PEM: the push certificate");
  CLI::Option* key = push->add_option("--key", options.key_file, "PEM: its private key");
  host->needs(ca)->needs(certificate)->needs(key);
  push->add_flag("--yes-really-apple", arguments.really_apple, "Lets Apple's hosts be named");
  add_count(*push, "--latency-ms", options.latency_milliseconds,
            "Of its own target, before each answer: how near the client comes to what that allows",
            60'000, 0);
  add_count(*push, "--runs", options.runs, "Of client and yardsticks, in turn", 1'000);
  return push;
}

CLI::App* declare_dispatch(CLI::App& app, Arguments& arguments) {
  DispatchOptions& options = arguments.dispatch;
  CLI::App* dispatch = app.add_subcommand(
      "dispatch", "The whole daemon: one command to all, durable, pushed, on record; and h2load");
  add_count(*dispatch, "--enrolments", options.enrolments, "Enrolments");
  add_count(*dispatch, "--per-request", options.per_request,
            "Enrolments in one request, if not a batch", 100'000);
  add_count(*dispatch, "--runs", options.runs, "Runs of each side, in turn", 1'000);
  add_count(*dispatch, "--streams", options.streams, "Streams that the target allows", 100'000);
  add_count(*dispatch, "--connections", options.apns_connections, "Connections to the target", 64);
  add_lanes(*dispatch, options.network_lanes, &options.storage_lanes);
  const std::map<std::string, DispatchOptions::Through> ways{
      {"batch", DispatchOptions::Through::batch},
      {"commands", DispatchOptions::Through::commands},
      {"enqueue", DispatchOptions::Through::enqueue}};
  dispatch
      ->add_option("--through", options.through,
                   "batch: /v1/batches, all at once. commands: /v1/commands. enqueue: NanoMDM's "
                   "/v1/enqueue, 400 a request")
      ->transform(CLI::CheckedTransformer(ways))
      ->default_str("batch");
  dispatch->add_flag("--without-h2load", arguments.without_h2load, "Leaves the yardstick out");
  return dispatch;
}

CLI::App* declare_urgent(CLI::App& app, Arguments& arguments) {
  UrgentOptions& options = arguments.urgent;
  CLI::App* urgent = app.add_subcommand(
      "urgent", "How soon a push goes out that somebody waits for: in the quiet, during a batch");
  add_count(*urgent, "--enrolments", options.enrolments, "Enrolments, all in the batch");
  add_count(*urgent, "--quiet", options.quiet_requests, "Requests of each kind in the quiet",
            1'000'000);
  add_count(*urgent, "--latency-ms", options.latency_milliseconds, "Of APNs, before each answer",
            60'000, 0);
  add_lanes(*urgent, options.network_lanes, &options.storage_lanes);
  return urgent;
}

CLI::App* declare_exchange(CLI::App& app, Arguments& arguments) {
  ExchangeOptions& options = arguments.exchange;
  CLI::App* exchange = app.add_subcommand(
      "exchange", "Idle, command, Acknowledged, empty: kept-alive mutual TLS; and nginx");
  add_count(*exchange, "--devices", options.devices, "Enrolments in the store");
  add_count(*exchange, "--connections", options.connections, "Devices that talk, all at once",
            20'000);
  add_count(*exchange, "--exchanges", options.exchanges, "Exchanges in a run");
  add_count(*exchange, "--runs", options.runs, "Runs of each side, in turn", 1'000);
  add_http(*exchange, options.http);
  add_lanes(*exchange, options.network_lanes, &options.storage_lanes);
  exchange->add_flag("--idle-only", options.idle_only, "Idle with nothing queued");
  exchange->add_flag("--mdm-signature", options.mdm_signature,
                     "Also with Mdm-Signature by RSA-2048: what it costs beside OpenSSL alone");
  exchange->add_option("--beside", arguments.beside, "The yardstick: nginx")
      ->check(CLI::IsMember({"nginx"}));
  return exchange;
}

CLI::App* declare_handshakes(CLI::App& app, Arguments& arguments) {
  HandshakesOptions& options = arguments.handshakes;
  CLI::App* handshakes = app.add_subcommand(
      "handshakes", "Mutual TLS handshakes, full and resumed; and openssl s_server");
  add_count(*handshakes, "--handshakes", options.handshakes, "Of each kind, in a run", 1'000'000);
  add_count(*handshakes, "--runs", options.runs, "Runs of each side, in turn", 1'000);
  add_lanes(*handshakes, options.network_lanes, nullptr);
  return handshakes;
}

CLI::App* declare_beside(CLI::App& app, Arguments& arguments) {
  BesideOptions& options = arguments.beside_batch;
  CLI::App* beside = app.add_subcommand(
      "beside", "What exchanges and urgent wakes notice of a batch that expands and is pushed");
  add_count(*beside, "--enrolments", options.enrolments, "Enrolments of the batch", 1'000'000);
  add_count(*beside, "--connections", options.connections, "Devices that talk, not of the batch",
            20'000);
  add_count(*beside, "--quiet-rounds", options.quiet_rounds,
            "Exchanges of each before the batch, to compare with", 10'000);
  add_lanes(*beside, options.network_lanes, &options.storage_lanes);
  return beside;
}

CLI::App* declare_enrol(CLI::App& app, Arguments& arguments) {
  EnrolOptions& options = arguments.enrol;
  CLI::App* enrol = app.add_subcommand(
      "enrol", "Devices enrol for real, all at once; and the cryptography that this contains");
  add_count(*enrol, "--devices", options.devices, "Devices", 1'000'000);
  add_count(*enrol, "--concurrency", options.concurrency, "Devices that talk at the same time",
            100'000);
  const std::map<std::string, KeyKind> kinds{{"ec", KeyKind::ec}, {"rsa", KeyKind::rsa}};
  enrol->add_option("--keys", options.keys, "Device keys: ec or rsa")
      ->transform(CLI::CheckedTransformer(kinds))
      ->default_str("ec");
  add_lanes(*enrol, options.network_lanes, &options.storage_lanes);
  return enrol;
}

CLI::App* declare_memory(CLI::App& app, Arguments& arguments) {
  MemoryOptions& options = arguments.memory;
  CLI::App* memory = app.add_subcommand(
      "memory", "Resident memory with enrolments stored and idle TLS connections open");
  add_count(*memory, "--enrolments", options.enrolments, "Enrolments");
  add_count(*memory, "--connections", options.connections, "Connections", 20'000);
  add_http(*memory, options.http);
  add_lanes(*memory, options.network_lanes, nullptr);
  return memory;
}

CLI::App* declare_mixed(CLI::App& app, Arguments& arguments) {
  MixedOptions& options = arguments.mixed;
  CLI::App* mixed = app.add_subcommand("mixed", "A day in a fleet's life, compressed");
  add_count(*mixed, "--devices", options.devices, "Devices, which enrol first", 100'000);
  add_count(*mixed, "--commands-per-device", options.commands_per_device, "In the day", 1'000);
  add_count(*mixed, "--seconds", arguments.mixed_seconds, "The day's length", 86'400);
  const auto share = CLI::Range(0.0, 1.0);
  mixed->add_option("--not-now-rate", options.not_now_rate, "Commands put off with NotNow")
      ->check(share)
      ->capture_default_str();
  mixed->add_option("--leave-share", options.leave_share, "Devices that check out in the evening")
      ->check(share)
      ->capture_default_str();
  add_lanes(*mixed, options.network_lanes, &options.storage_lanes);
  return mixed;
}

CLI::App* declare_churn(CLI::App& app, Arguments& arguments) {
  ChurnOptions& options = arguments.churn;
  CLI::App* churn = app.add_subcommand(
      "churn", "Growth of resident memory while devices enrol, talk, leave and enrol anew");
  add_count(*churn, "--devices", options.devices, "Devices", 100'000);
  add_count(*churn, "--lives", options.lives_max, "Enrolments of all, at most", 1'000'000);
  add_count(*churn, "--seconds", arguments.churn_seconds, "At most so long", 86'400);
  add_count(*churn, "--block-cache-mib", options.block_cache_mebibytes, "reveilled's", 65'536);
  add_count(*churn, "--write-buffer-mib", options.write_buffer_mebibytes, "reveilled's", 65'536);
  add_lanes(*churn, options.network_lanes, &options.storage_lanes);
  return churn;
}

CLI::App* declare_plan(CLI::App& app, Arguments& arguments) {
  FleetDescription& fleet = arguments.plan.fleet;
  CLI::App* plan =
      app.add_subcommand("plan", "What a fleet needs: cores, memory, disk, time to wake everyone");
  plan->add_option("--costs", arguments.plan.costs_file, "A result of bench/run")->required();
  const auto add = [plan](const std::string& name, double& value, const std::string& description,
                          double min, double max) {
    plan->add_option(name, value, description)->check(CLI::Range(min, max))->capture_default_str();
  };
  add("--devices", fleet.devices, "Devices", 1, 1e8);
  add("--connects-per-day", fleet.connects_per_day, "Of one device", 0, 86'400);
  add("--commands-per-day", fleet.commands_per_day, "Of one device", 0, 86'400);
  add("--enrolments-per-day", fleet.enrolments_per_day, "Of all", 0, 1e8);
  add("--busiest-hour", fleet.busiest_hour_share, "Its share of a day's work", 1.0 / 24, 1);
  add("--connection-seconds", fleet.connection_seconds, "A connection stays open", 0, 86'400);
  add("--history-days", fleet.history_days, "Results are kept", 0, 36'500);
  add("--cpu-share", fleet.cpu_share_max, "Of the cores in the busiest hour, at most", 0.01, 1);
  add("--apns-round-trip-ms", fleet.apns_round_trip_ms, "From push to answer", 0.01, 60'000);
  add("--apns-streams", fleet.apns_streams, "Of each connection", 1, 100'000);
  add("--apns-connections", fleet.apns_connections, "To APNs", 1, 64);
  add("--cores", fleet.cores, "For the time to wake everyone", 1, 1'024);
  return plan;
}

}  // namespace

std::vector<Subcommand> declare_subcommands(CLI::App& app, Arguments& arguments) {
  std::vector<Subcommand> subcommands;
  subcommands.emplace_back(
      Subcommand{declare_push(app, arguments),
                 [&arguments](const std::filesystem::path& folder, Telemetry& telemetry) {
                   if (arguments.really_apple) {
                     arguments.push.insistence = Insistence::really_apple;
                   }
                   return run_push(arguments.push, folder, telemetry);
                 }});
  subcommands.emplace_back(
      Subcommand{declare_dispatch(app, arguments),
                 [&arguments](const std::filesystem::path& folder, Telemetry& telemetry) {
                   arguments.dispatch.with_h2load = !arguments.without_h2load;
                   return run_dispatch(arguments.dispatch, folder, telemetry);
                 }});
  subcommands.emplace_back(
      Subcommand{declare_urgent(app, arguments),
                 [&arguments](const std::filesystem::path& folder, Telemetry& telemetry) {
                   return run_urgent(arguments.urgent, folder, telemetry);
                 }});
  subcommands.emplace_back(
      Subcommand{declare_exchange(app, arguments),
                 [&arguments](const std::filesystem::path& folder, Telemetry& telemetry) {
                   arguments.exchange.beside_nginx = !arguments.beside.empty();
                   return run_exchange(arguments.exchange, folder, telemetry);
                 }});
  subcommands.emplace_back(
      Subcommand{declare_handshakes(app, arguments),
                 [&arguments](const std::filesystem::path& folder, Telemetry& telemetry) {
                   return run_handshakes(arguments.handshakes, folder, telemetry);
                 }});
  subcommands.emplace_back(
      Subcommand{declare_beside(app, arguments),
                 [&arguments](const std::filesystem::path& folder, Telemetry& telemetry) {
                   return run_beside(arguments.beside_batch, folder, telemetry);
                 }});
  subcommands.emplace_back(
      Subcommand{declare_enrol(app, arguments),
                 [&arguments](const std::filesystem::path& folder, Telemetry& telemetry) {
                   return run_enrol(arguments.enrol, folder, telemetry);
                 }});
  subcommands.emplace_back(
      Subcommand{declare_memory(app, arguments),
                 [&arguments](const std::filesystem::path& folder, Telemetry& telemetry) {
                   return run_memory(arguments.memory, folder, telemetry);
                 }});
  subcommands.emplace_back(
      Subcommand{declare_mixed(app, arguments),
                 [&arguments](const std::filesystem::path& folder, Telemetry& telemetry) {
                   arguments.mixed.length = std::chrono::seconds(arguments.mixed_seconds);
                   return run_mixed(arguments.mixed, folder, telemetry);
                 }});
  subcommands.emplace_back(
      Subcommand{declare_churn(app, arguments),
                 [&arguments](const std::filesystem::path& folder, Telemetry& telemetry) {
                   arguments.churn.length = std::chrono::seconds(arguments.churn_seconds);
                   return run_churn(arguments.churn, folder, telemetry);
                 }});
  subcommands.emplace_back(Subcommand{
      declare_plan(app, arguments),
      [&arguments](const std::filesystem::path&, Telemetry&) { return run_plan(arguments.plan); }});
  return subcommands;
}

}  // namespace reveille::bench
