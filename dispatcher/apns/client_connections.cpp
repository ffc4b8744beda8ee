#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "dispatcher/apns/client_state.h"

namespace reveille::apns {
namespace {

namespace asio = boost::asio;

bool names_certificate(Reason reason) {
  return reason == Reason::bad_certificate || reason == Reason::bad_certificate_environment ||
         reason == Reason::forbidden;
}

}  // namespace

void Client::State::use_certificate(const pki::PushCertificate& certificate) {
  Result<http::TlsContext> context =
      http::TlsContext::for_client({.anchors = options.anchors,
                                    .certificate = certificate.certificate,
                                    .key = certificate.key,
                                    .protocols = {"h2"},
                                    .verify_host = true});
  if (!context) {
    log.error("push certificate cannot be used", {{"reason", context.error().detail}});
    figures.set_connect_error(context.error().detail);
    return run_turn();  // the one before stays
  }
  tls = *std::move(context);
  topic = certificate.topic;
  figures.set_topic(topic);
  ++certificate_number;
  certificate_refusal.reset();
  figures.certificate_refused.set(0);
  backoff.reset();
  next_dial_at = clock.steady_now();
  for (const auto& connection : connections) connection->drain();
  run_turn();
}

std::size_t Client::State::usable_connections() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      connections, [](const auto& connection) { return !connection->draining(); }));
}

// One at a time: a second attempt would only repeat what fails in the first, and one that succeeds
// tells whether another is needed.
void Client::State::dial_if_wanted() {
  if (dialling || !tls || stop_by || certificate_refusal) return;
  if (usable_connections() >= count.wanted()) return;
  if (connections.size() >= 2 * options.connections_max) return;  // until a draining one is done
  const Clock::SteadyTime now = clock.steady_now();
  if (now < std::max(next_dial_at, dial_limit.next_allowed(now))) return;  // the tick comes back
  dialling = true;
  figures.dials.add();
  asio::co_spawn(lane, dial_one(shared_from_this()), asio::detached);
}

asio::awaitable<void> Client::State::dial_one(std::shared_ptr<State> self) {
  (void)self;  // keeps this alive
  DialTarget target{.host = options.host,
                    .port = options.port,
                    .proxy_host = options.proxy_host,
                    .proxy_port = options.proxy_port,
                    .tls = *tls,
                    .in_use = {},
                    .seed = random.below(std::uint64_t{1} << 31),
                    .deadline = clock.steady_now() + options.connect_timeout};
  for (const auto& connection : connections) target.in_use.push_back(connection->address());
  const std::uint64_t certificate = certificate_number;
  Result<Dialled> dialled = co_await dial(lane, addresses, dial_limit, std::move(target));
  if (gone) co_return;

  dialling = false;
  if (stop_by || certificate != certificate_number) {
    if (dialled) dialled->stream->close();
  } else if (dialled) {
    adopt(*std::move(dialled));
  } else if (refuses_certificate(dialled.error())) {
    refuse_certificate(dialled.error().detail);
  } else {
    connecting_failed(dialled.error());
  }
  run_turn();
}

void Client::State::adopt(Dialled dialled) {
  figures.connects.add();
  log.info("connected to APNs", {{"topic", topic}, {"address", dialled.address.to_string()}});
  Connection::Parts parts{.stream = std::move(dialled.stream),
                          .address = dialled.address,
                          .authority = options.host,
                          .topic = topic,
                          .apns_id_prefix = apns_id_prefix,
                          .streams_max = options.streams_per_connection_max,
                          .first_stream_id = options.first_stream_id,
                          .keepalive = {.ping_after = options.ping_after,
                                        .ping_idle = options.ping_idle,
                                        .ping_timeout = options.ping_timeout},
                          .write_timeout = options.ping_after + options.ping_timeout,
                          .certificate_number = certificate_number};
  connections.push_back(std::make_shared<Connection>(lane, *this, clock, std::move(parts)));
  connections.back()->start();
}

void Client::State::connecting_failed(const Error& error) {
  figures.connect_failures.add();
  figures.set_connect_error(error.detail);
  const Clock::SteadyTime now = clock.steady_now();
  next_dial_at = backoff.next_attempt(now, next_dial_at, random);
  const auto pause = std::chrono::ceil<std::chrono::milliseconds>(next_dial_at - now);
  log.warning("no connection to APNs", {{"topic", topic},
                                        {"reason", error.detail},
                                        {"next_attempt_milliseconds", pause.count()}});
}

// An expired or revoked certificate makes each attempt fail: dialling on would be the endless
// reconnecting that Apple takes for an attack. It rests until a new certificate, or for long.
void Client::State::refuse_certificate(const std::string& why) {
  figures.connect_failures.add();
  figures.set_connect_error(why);
  figures.certificate_refused.set(1);
  certificate_refusal = "APNs refuses the push certificate: " + why;
  refusal_ends_at = clock.steady_now() + options.certificate_retry;
  log.error("APNs refuses the push certificate", {{"topic", topic}, {"reason", why}});
}

// A connection that answered, or lived for long, did its work: its end is no reason to hold back.
bool Client::State::was_of_use(const Connection& connection) const {
  return connection.answer_time().answers() > 0 ||
         clock.steady_now() - connection.opened_at() >= options.backoff_max;
}

void Client::State::on_goaway(Connection& connection, std::uint32_t error_code, BytesView debug) {
  figures.goaways.add();
  const Response response = parse_response(0, {}, debug);
  log.info("APNs says GOAWAY", {{"topic", topic},
                                {"address", connection.address().to_string()},
                                {"code", error_code},
                                {"reason", response.reason_text},
                                {"in_flight", connection.in_flight()}});
  if (connection.certificate_number() != certificate_number) return;
  if (names_certificate(response.reason)) {
    refuse_certificate("GOAWAY " + response.reason_text);
  } else if (was_of_use(connection)) {
    backoff.reset();
  } else {
    connecting_failed(Error{ErrorCode::unavailable, "GOAWAY " + response.reason_text});
  }
}

void Client::State::after_read(Connection&) { run_turn(); }

void Client::State::on_closed(Connection& connection, const Error& why) {
  const bool expected = connection.draining();
  if (expected) {
    log.debug("connection to APNs closed", {{"reason", why.detail}});
  } else if (connection.certificate_number() != certificate_number) {
    log.info("connection to APNs of an earlier certificate lost", {{"reason", why.detail}});
  } else if (refuses_certificate(why)) {
    // In TLS 1.3 the alert comes after the handshake, as the first thing that is read.
    refuse_certificate(why.detail);
  } else if (was_of_use(connection)) {
    backoff.reset();
    figures.set_connect_error(why.detail);
    log.info("connection to APNs lost", {{"topic", topic}, {"reason", why.detail}});
  } else {
    connecting_failed(why);
  }
  std::erase_if(connections, [&](const auto& other) { return other.get() == &connection; });
  if (stop_by) continue_stop(clock.steady_now());
  run_turn();
}

}  // namespace reveille::apns
