#include "bench/load/device_load.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "protocol/mdm/command.h"
#include "protocol/pki/mdm_signature.h"
#include "tools/simulators/device/bodies.h"

namespace reveille::bench {

namespace asio = boost::asio;
using simulators::device::HttpVersion;
using simulators::device::Transport;

namespace {

constexpr std::size_t handshakes_max = 64;  // at a time: a server's backlog is not measured here
constexpr std::chrono::seconds answer_timeout{60};

void note_failure(RoundResult& result, std::string what) {
  if (result.failures++ == 0) result.first_failure = std::move(what);
}

}  // namespace

struct DeviceLoad::Connection {
  explicit Connection(SeededIdentity shown) : identity(std::move(shown)) {}

  SeededIdentity identity;
  std::string udid;
  std::unique_ptr<Transport> transport;
  Bytes idle_body;
  Bytes acknowledged_body;  // of a made-up command, for a server that hands out none
};

DeviceLoad::DeviceLoad() = default;
DeviceLoad::~DeviceLoad() = default;

Result<std::unique_ptr<DeviceLoad>> DeviceLoad::make(const Target& target, const SeededFleet& fleet,
                                                     std::size_t connections) {
  std::unique_ptr<DeviceLoad> load(new DeviceLoad);
  const simulators::device::Url url{
      .host = "localhost", .port = std::to_string(target.port), .target = "/"};
  const std::string protocol = target.http == HttpVersion::http2 ? "h2" : "http/1.1";
  const mdm::Command made_up{.uuid = {.text = "0f1e2d3c-0000-4000-8000-000000000000"},
                             .request_type = "DeviceInformation",
                             .body = {}};
  for (std::size_t i = 0; i < std::min(connections, fleet.identities.size()); ++i) {
    const SeededIdentity& identity = fleet.identities[i];
    Result<http::TlsContext> tls =
        http::TlsContext::for_client({.anchors = {fleet.authority},
                                      .certificate = identity.certificate,
                                      .key = identity.key,
                                      .protocols = {protocol}});
    if (!tls) return std::unexpected(std::move(tls.error()));
    auto connection = std::make_unique<Connection>(identity);
    connection->udid = fleet.ids[i];
    connection->transport =
        simulators::device::make_transport(load->lane_, target.http, url, *std::move(tls));
    connection->idle_body = simulators::device::idle_body({.device = connection->udid});
    connection->acknowledged_body = simulators::device::report_body(
        {.device = connection->udid}, mdm::Status::acknowledged, made_up);
    load->connections_.push_back(std::move(connection));
  }
  return load;
}

void DeviceLoad::begin(Work work) {
  ++unfinished_;
  asio::co_spawn(lane_, std::move(work), [this](std::exception_ptr) {
    if (--unfinished_ == 0) lane_.stop();
  });
}

void DeviceLoad::run() {
  lane_.restart();
  lane_.run();
}

asio::awaitable<Result<Bytes>> DeviceLoad::say(Connection& connection, Bytes body) {
  http::Request request{.method = "PUT",
                        .target = target_path_,
                        .authority = {},
                        .headers = {{"content-type", "application/x-apple-aspen-mdm"}},
                        .body = std::move(body)};
  if (signature_ == Signature::mdm) {
    Result<std::string> made = pki::make_mdm_signature(
        request.body, connection.identity.certificate, connection.identity.key);
    if (!made) co_return std::unexpected(std::move(made.error()));
    request.headers.push_back({"mdm-signature", *std::move(made)});
  }
  const auto start = std::chrono::steady_clock::now();
  Result<http::Response> response =
      co_await connection.transport->exchange(std::move(request), start + answer_timeout);
  const auto latency = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  latencies_.add(latency);
  recent_.add(latency);
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (response->status != 200) {
    co_return failure(ErrorCode::unavailable,
                      fmt::format("HTTP {}: {}", response->status, response->body.substr(0, 200)));
  }
  co_return std::move(response->body);
}

asio::awaitable<void> DeviceLoad::converse(Connection& connection, Conversation conversation,
                                           std::size_t times, RoundResult& result) {
  for (std::size_t i = 0; i < times; ++i) {
    Result<Bytes> answer = co_await say(connection, connection.idle_body);
    if (!answer) {
      note_failure(result, answer.error().detail);
      continue;
    }
    if (conversation == Conversation::idle && !answer->empty()) {
      note_failure(result, "a command was handed out where none was queued");
    } else if (conversation == Conversation::same_bytes) {
      answer = co_await say(connection, connection.acknowledged_body);
      if (!answer) note_failure(result, answer.error().detail);
    } else if (conversation == Conversation::exchange) {
      const Result<mdm::Command> command = mdm::parse_command(*std::move(answer));
      if (!command) {
        note_failure(result, "no command was handed out: " + command.error().detail);
        continue;
      }
      Bytes body = simulators::device::report_body({.device = connection.udid},
                                                   mdm::Status::acknowledged, *command);
      answer = co_await say(connection, std::move(body));
      if (!answer) {
        note_failure(result, answer.error().detail);
      } else if (!answer->empty()) {
        note_failure(result, "a second command was handed out");
      } else {
        ++result.commands;
      }
    }
    ++result.conversations;
    ++done_;
  }
}

asio::awaitable<void> DeviceLoad::open_some(std::size_t& next, RoundResult& result) {
  while (next < connections_.size()) {
    Connection& connection = *connections_[next++];
    Result<Bytes> answer = co_await say(connection, connection.idle_body);
    if (!answer) note_failure(result, answer.error().detail);
    ++result.conversations;
  }
}

RoundResult DeviceLoad::connect() {
  RoundResult result;
  std::size_t next = 0;
  for (std::size_t i = 0; i < handshakes_max; ++i) {
    begin(open_some(next, result));
  }
  run();
  latencies_ = {};
  recent_ = {};
  return result;
}

asio::awaitable<void> DeviceLoad::watch(Telemetry& telemetry) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  // Alone: nobody talks any more.
  while (unfinished_ > 1) {
    timer.expires_after(std::chrono::milliseconds(2));
    co_await timer.async_wait(asio::use_awaitable);
    if (telemetry.is_due()) telemetry.sample(done_, total_, recent_);
  }
}

void DeviceLoad::begin_phase(std::uint64_t total) {
  done_ = 0;
  total_ = total;
}

RoundResult DeviceLoad::talk(Conversation conversation, std::size_t times, Telemetry& telemetry) {
  RoundResult result;
  for (const auto& connection : connections_) {
    begin(converse(*connection, conversation, times, result));
  }
  begin(watch(telemetry));
  run();
  return result;
}

}  // namespace reveille::bench
