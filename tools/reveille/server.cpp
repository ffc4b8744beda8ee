#include "tools/reveille/server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include "dispatcher/admin/router.h"
#include "dispatcher/batch/expander.h"
#include "dispatcher/runtime/network_lanes.h"
#include "storage/rocksdb/rocksdb_store.h"
#include "tools/reveille/api_keys_file.h"
#include "tools/reveille/device_services.h"
#include "tools/reveille/device_side.h"
#include "tools/reveille/part_options.h"
#include "tools/reveille/tls_files.h"

namespace reveille {

namespace {

constexpr std::chrono::seconds drain_time_max{10};
constexpr std::chrono::seconds apns_stop_time_max{5};

// Stands in for a handler until the port that it must know is known; no request comes before.
class LateHandler final : public http::Handler {
 public:
  void serve(http::Handler& handler) { handler_ = &handler; }

  std::size_t body_bytes_max(const http::Request& head, const http::Peer& peer) const override {
    return handler_->body_bytes_max(head, peer);
  }
  http::LongBodyPlace find_place(const http::Request& head, const http::Peer& peer) override {
    return handler_->find_place(head, peer);
  }
  boost::asio::awaitable<http::Response> handle(http::Request request,
                                                const http::Peer& peer) override {
    return handler_->handle(std::move(request), peer);
  }

 private:
  http::Handler* handler_ = nullptr;
};

bool is_loopback(const std::string& address) {
  boost::system::error_code error;
  return boost::asio::ip::make_address(address, error).is_loopback();
}

std::size_t lane_count(std::int64_t configured) {
  if (configured > 0) return static_cast<std::size_t>(configured);
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

// In the order of construction; stop() takes the parts down in an order of its own.
struct Server::State {
  State(const Configuration& all, Log& lines) : configuration(all), log(lines) {}
  ~State() { stop(); }

  Result<void> start();
  Result<void> open_store();
  Result<void> make_dispatcher();
  Result<void> use_stored_push_certificate();
  Result<void> listen_for_devices();
  Result<void> listen_for_proxies();
  Result<void> listen_for_operators();
  void announce();

  admin::Parts router_parts();
  http::Listener::Statistics device_statistics() const;
  Result<http::TlsContext> device_tls();
  Result<std::optional<http::TlsContext>> operators_tls();
  void drain_listeners();
  void give_up();
  void stop();

  struct LaneListener {
    std::size_t lane;
    std::unique_ptr<http::Listener> listener;
  };

  const Configuration configuration;
  Log& log;
  SystemClock clock;
  SystemRandomSource random;
  const Clock::SteadyTime started_at = clock.steady_now();

  std::optional<StateFolder> folder;
  std::unique_ptr<storage::Store> store;
  std::unique_ptr<NetworkLanes> network;
  std::unique_ptr<StorageLanes> storage;
  std::unique_ptr<wake::WakeLanes> wakes;
  std::unique_ptr<batch::Expander> batches;
  std::unique_ptr<apns::Client> apns;
  std::unique_ptr<DeviceSide> device_side;
  std::unique_ptr<admin::Router> router;
  std::vector<LateHandler> device_handlers;  // by lane
  std::vector<LaneListener> device_listeners;
  std::vector<LaneListener> proxied_listeners;         // of devices too, without TLS
  std::unique_ptr<http::Listener> operators_listener;  // these two live on the first lane
  std::unique_ptr<http::Listener> admin_listener;

  std::string public_url;
  Addresses addresses;
  std::atomic<bool> store_broken = false;
  bool running = false;  // the lanes run what is posted to them
  bool stopped = false;
};

Result<void> Server::State::start() {
  for (const auto step :
       {&State::open_store, &State::make_dispatcher, &State::use_stored_push_certificate,
        &State::listen_for_devices, &State::listen_for_proxies, &State::listen_for_operators}) {
    Result<void> done = (this->*step)();
    if (!done) return done;
  }
  wakes->start();
  batches->start();
  network->start();
  running = true;
  announce();
  return folder->write_addresses(addresses);
}

Result<void> Server::State::open_store() {
  Result<StateFolder> opened = StateFolder::open(configuration.state.folder);
  if (!opened) return std::unexpected(std::move(opened.error()));
  folder = *std::move(opened);
  Result<Bytes> secret_key = folder->secret_key(random);
  if (!secret_key) return std::unexpected(std::move(secret_key.error()));
  const auto options = rocksdb_options(configuration, folder->database(), *std::move(secret_key));
  auto database = storage::open_rocksdb_store(options);
  if (!database) return std::unexpected(std::move(database.error()));
  store = *std::move(database);
  return {};
}

Result<void> Server::State::make_dispatcher() {
  network = std::make_unique<NetworkLanes>(lane_count(configuration.network.lanes));
  StorageLanesOptions lanes = storage_lanes_options(configuration);
  lanes.on_store_broken = [this] { give_up(); };
  storage = std::make_unique<StorageLanes>(*store, log, lanes);
  wakes =
      std::make_unique<wake::WakeLanes>(*storage, clock, random, log, wake_options(configuration));
  batches = std::make_unique<batch::Expander>(
      *storage, clock, log, expander_options(configuration),
      [this](storage::Partition partition, storage::Priority priority) {
        wakes->notify(partition, priority);
      });
  auto anchors = load_certificates(configuration.apns.anchors_file);
  if (!anchors) return std::unexpected(std::move(anchors.error()));
  apns = std::make_unique<apns::Client>(
      network->context(0), apns_options(configuration, *std::move(anchors)), clock, random, log,
      [this](apns::PushOutcome outcome) { wakes->on_outcome(std::move(outcome)); });
  wakes->connect([this](apns::Push& push) { return apns->submit(push); });
  return {};
}

// The newest one; further topics' certificates wait in the store.
Result<void> Server::State::use_stored_push_certificate() {
  auto records = store->begin()->push_certificates();
  if (!records) return std::unexpected(std::move(records.error()));
  const auto* const in_use = storage::push_certificate_in_use(*records);
  if (in_use == nullptr) {
    log.warning("no push certificate yet: devices cannot be woken");
    return {};
  }
  Result<pki::PushCertificate> certificate = pki::parse_push_certificate(in_use->certificate_pem);
  if (!certificate) return std::unexpected(std::move(certificate.error()));
  apns->set_certificate(*std::move(certificate));
  return {};
}

Result<http::TlsContext> Server::State::device_tls() {
  const Configuration::Device& device = configuration.device;
  Result<TlsIdentity> identity =
      device.certificate_file.empty()
          ? development_tls_identity(
                folder->path(),
                host_of(device.public_url.empty() ? "https://localhost" : device.public_url), clock,
                random)
          : load_tls_identity(device.certificate_file, device.key_file);
  if (!identity) return std::unexpected(std::move(identity.error()));
  return http::TlsContext::for_server(
      {.chain = std::move(identity->chain),
       .key = std::move(identity->key),
       .protocols = {"h2", "http/1.1"},
       .client_certificate = http::TlsContext::ServerOptions::ClientCertificate::optional,
       .client_issuers = device_side->client_issuers()});
}

Result<void> Server::State::listen_for_devices() {
  auto side = DeviceSide::make(configuration, folder->path(), *storage, *wakes, clock, random, log);
  if (!side) return std::unexpected(std::move(side.error()));
  device_side = *std::move(side);
  Result<http::TlsContext> tls = device_tls();
  if (!tls) return std::unexpected(std::move(tls.error()));
  http::ListenerOptions options = device_listener_options(configuration);
  options.tls = *std::move(tls);
  if (configuration.device.proxy_protocol) {
    auto trusted = trusted_proxies(configuration);
    if (!trusted) return std::unexpected(std::move(trusted.error()));
    options.proxy_protocol_from = trusted->peers();
  }

  device_handlers = std::vector<LateHandler>(network->count());
  for (std::size_t lane = 0; lane < network->count(); ++lane) {
    auto listener =
        http::Listener::open(network->context(lane), options, device_handlers[lane], log);
    if (!listener) return std::unexpected(std::move(listener.error()));
    options.port = (*listener)->port();  // the lanes share the one that the first was given
    options.shares_port = true;
    device_listeners.push_back({.lane = lane, .listener = *std::move(listener)});
  }
  addresses.device_port = options.port;

  public_url = configuration.device.public_url.empty()
                   ? fmt::format("https://localhost:{}", addresses.device_port)
                   : configuration.device.public_url;
  Result<void> made = device_side->make_handlers(public_url, network->count());
  if (!made) return made;
  for (std::size_t lane = 0; lane < network->count(); ++lane) {
    device_handlers[lane].serve(device_side->handler(lane));
  }
  return {};
}

// A port is shared by the lanes as the devices' own is. A Unix socket cannot be: the first lane has
// it.
Result<void> Server::State::listen_for_proxies() {
  const Configuration::Proxied& proxied = configuration.proxied;
  const auto trusted = trusted_proxies(configuration);
  if (!trusted) return std::unexpected(trusted.error());
  const auto open = [&](std::size_t lane, const http::ListenerOptions& options) -> Result<void> {
    auto listener =
        http::Listener::open(network->context(lane), options, device_handlers[lane], log);
    if (!listener) return std::unexpected(std::move(listener.error()));
    proxied_listeners.push_back({.lane = lane, .listener = *std::move(listener)});
    return {};
  };
  if (!proxied.socket_path.empty()) {
    Result<void> opened = open(0, proxied_socket_options(configuration, trusted->peers()));
    if (!opened) return opened;
  }
  if (proxied.listen_address.empty()) return {};
  http::ListenerOptions options = proxied_port_options(configuration, trusted->peers());
  for (std::size_t lane = 0; lane < network->count(); ++lane) {
    Result<void> opened = open(lane, options);
    if (!opened) return opened;
    options.port = proxied_listeners.back().listener->port();
    options.shares_port = true;
  }
  addresses.proxied_port = options.port;
  return {};
}

admin::Parts Server::State::router_parts() {
  admin::Options options;
  options.own_user_id = ::geteuid();
  options.version = REVEILLE_VERSION;
  options.push_wait = std::chrono::seconds(configuration.operators.push_wait_seconds);
  return admin::Parts{
      .options = std::move(options),
      .store = *store,
      .storage = *storage,
      .clock = clock,
      .random = random,
      .log = log,
      .started_at = started_at,
      .wake = [this](storage::DueWake& target,
                     wake::WakeReply& reply) { return wakes->wake(target, reply); },
      .notify_wakes = [this](storage::Partition partition) { wakes->notify(partition); },
      .wake_statistics = [this] { return wakes->statistics(); },
      .admit_batch = [this] { return batches->admit(); },
      .batch_changed = [this](const storage::BatchId& batch) { batches->changed(batch); },
      .batch_statistics = [this] { return batches->statistics(); },
      .apns_statistics = [this] { return apns->statistics(); },
      .device_statistics = [this] { return device_statistics(); },
      .exchange_counts = [this] { return device_side->exchange_counts(); },
      .refusal_counts = [this] { return device_side->refusal_counts(); },
      .certificates_revoked =
          [this](std::span<const storage::Sha256> certificates) {
            device_side->revoke(certificates);
          },
      .use_push_certificate =
          [this](pki::PushCertificate certificate) {
            apns->set_certificate(std::move(certificate));
            wakes->resume_topic();
          },
      .create_enrolment_links =
          [this](std::size_t count, std::chrono::seconds valid) {
            return device_side->create_links(count, valid);
          }};
}

http::Listener::Statistics Server::State::device_statistics() const {
  http::Listener::Statistics sum;
  for (const auto* listeners : {&device_listeners, &proxied_listeners}) {
    for (const LaneListener& one : *listeners) {
      const http::Listener::Statistics statistics = one.listener->statistics();
      sum.connections += statistics.connections;
      sum.accepted += statistics.accepted;
      sum.refused += statistics.refused;
      sum.handshakes_failed += statistics.handshakes_failed;
      sum.requests += statistics.requests;
      sum.requests_malformed += statistics.requests_malformed;
    }
  }
  return sum;
}

Result<std::optional<http::TlsContext>> Server::State::operators_tls() {
  const Configuration::Operators& operators = configuration.operators;
  if (operators.certificate_file.empty()) return std::nullopt;
  Result<TlsIdentity> identity = load_tls_identity(operators.certificate_file, operators.key_file);
  if (!identity) return std::unexpected(std::move(identity.error()));
  auto context = http::TlsContext::for_server(
      {.chain = std::move(identity->chain),
       .key = std::move(identity->key),
       .protocols = {"h2", "http/1.1"},
       .client_certificate = http::TlsContext::ServerOptions::ClientCertificate::none,
       .client_issuers = {}});
  if (!context) return std::unexpected(std::move(context.error()));
  return *std::move(context);
}

Result<void> Server::State::listen_for_operators() {
  admin::Parts parts = router_parts();
  if (!configuration.operators.api_key.empty()) {
    parts.options.api_keys = {configuration.operators.api_key};
  } else if (!configuration.operators.api_keys_file.empty()) {
    auto keys = load_api_keys(configuration.operators.api_keys_file);
    if (!keys) return std::unexpected(std::move(keys.error()));
    parts.options.api_keys = *std::move(keys);
  }
  const bool has_key = !parts.options.api_keys.empty();
  router = std::make_unique<admin::Router>(std::move(parts));

  auto on_socket = http::Listener::open(network->context(0), admin_listener_options(configuration),
                                        *router, log);
  if (!on_socket) return std::unexpected(std::move(on_socket.error()));
  admin_listener = *std::move(on_socket);
  addresses.admin_socket = configuration.admin.socket_path;
  if (!has_key) {
    log.info("the operators' port stays closed: no key is configured");
    return {};
  }
  http::ListenerOptions options = operators_listener_options(configuration);
  auto tls = operators_tls();
  if (!tls) return std::unexpected(std::move(tls.error()));
  options.tls = *std::move(tls);
  if (!options.tls && !is_loopback(options.address)) {
    log.warning("the operators' port has no certificate: keys cross the network in clear text",
                {{"address", options.address}});
  }
  auto on_port = http::Listener::open(network->context(0), options, *router, log);
  if (!on_port) return std::unexpected(std::move(on_port.error()));
  operators_listener = *std::move(on_port);
  addresses.operators_port = operators_listener->port();
  return {};
}

void Server::State::announce() {
  log.info("listening for devices", {{"address", configuration.device.listen_address},
                                     {"port", addresses.device_port},
                                     {"public_url", public_url}});
  if (addresses.proxied_port != 0) {
    log.info("listening for proxies",
             {{"address", configuration.proxied.listen_address}, {"port", addresses.proxied_port}});
  }
  if (!configuration.proxied.socket_path.empty()) {
    log.info("listening for proxies", {{"path", configuration.proxied.socket_path.string()}});
  }
  if (operators_listener) {
    log.info("listening for operators", {{"address", configuration.operators.listen_address},
                                         {"port", addresses.operators_port}});
  }
  log.info("listening on the admin socket", {{"path", addresses.admin_socket.string()}});
  log.info("ready", {{"version", REVEILLE_VERSION},
                     {"state_folder", folder->path().string()},
                     {"network_lanes", network->count()},
                     {"storage_lanes", storage->lane_count()}});
}

// Each on its own lane; then until their connections are gone, or patience is.
void Server::State::drain_listeners() {
  const auto drain = [this](std::size_t lane, http::Listener* listener) {
    if (listener == nullptr) return;
    boost::asio::post(network->context(lane), [listener] { listener->drain(); });
  };
  for (const LaneListener& one : device_listeners) drain(one.lane, one.listener.get());
  for (const LaneListener& one : proxied_listeners) drain(one.lane, one.listener.get());
  drain(0, operators_listener.get());
  drain(0, admin_listener.get());
  const auto open_connections = [this] {
    std::uint64_t open = device_statistics().connections;
    if (operators_listener) open += operators_listener->statistics().connections;
    if (admin_listener) open += admin_listener->statistics().connections;
    return open;
  };
  const auto deadline = std::chrono::steady_clock::now() + drain_time_max;
  while (open_connections() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

// What a failed write did is unknown until the database is opened anew, so the process ends as by
// SIGTERM, and whoever watches over it starts the next one.
void Server::State::give_up() {
  if (store_broken.exchange(true)) return;
  log.error("the database failed a write: ending, so that it is opened anew");
  ::kill(::getpid(), SIGTERM);
}

void Server::State::stop() {
  if (std::exchange(stopped, true)) return;
  if (running) {
    log.info("stopping");
    drain_listeners();
    const auto apns_stopped = std::make_shared<std::promise<void>>();
    apns->stop(apns_stop_time_max, [apns_stopped] { apns_stopped->set_value(); });
    apns_stopped->get_future().wait_for(apns_stop_time_max + std::chrono::seconds(1));
  }
  if (batches) batches->stop();
  if (wakes) wakes->stop();
  if (network) network->stop();
  // Nobody is left who could hand in work: what waits is finished, and the store closes.
  batches.reset();
  wakes.reset();
  storage.reset();
  device_listeners.clear();
  proxied_listeners.clear();
  operators_listener.reset();
  admin_listener.reset();
  apns.reset();
  router.reset();
  device_side.reset();
  network.reset();
  store.reset();
  if (folder) folder->remove_addresses();
  if (running) log.info("stopped");
}

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(const Configuration& configuration, Log& log) {
  auto state = std::make_unique<State>(configuration, log);
  Result<void> started = state->start();
  if (!started) return std::unexpected(std::move(started.error()));
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

void Server::reload() {
  State& state = *state_;
  Result<http::TlsContext> device = state.device_tls();
  Result<std::optional<http::TlsContext>> operators = state.operators_tls();
  if (!device || !operators) {
    const Error& error = device ? operators.error() : device.error();
    state.log.error("certificates not reloaded: the old ones stay", {{"error", error.detail}});
    return;
  }
  for (const State::LaneListener& one : state.device_listeners) {
    boost::asio::post(
        state.network->context(one.lane),
        [listener = one.listener.get(), context = *device] { listener->replace_tls(context); });
  }
  if (state.operators_listener && *operators) {
    boost::asio::post(state.network->context(0),
                      [listener = state.operators_listener.get(), context = **operators] {
                        listener->replace_tls(context);
                      });
  }
  state.log.info("certificates reloaded");
}

void Server::stop() { state_->stop(); }

bool Server::store_broken() const { return state_->store_broken; }

const Addresses& Server::addresses() const { return state_->addresses; }

}  // namespace reveille
