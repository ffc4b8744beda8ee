#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/http/tls_context.h"
#include "protocol/base/error.h"
#include "tools/simulators/apns/connection.h"
#include "tools/simulators/apns/scenario.h"
#include "tools/simulators/apns/service.h"
#include "tools/simulators/apns/tls_faults.h"

namespace reveille::simulators::apns {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::optional<std::filesystem::path> notify_socket;
  // Whom clients without a certificate count as, for load generators that cannot present one;
  // nullopt: they are refused, as Apple does.
  std::optional<std::string> assumed_topic;
  Strictness strictness = Strictness::apples;
  LedgerOptions ledger;
  Identity identity;
  Scenario scenario;
};

// A stand-in for Apple's push service on one thread: keeps its rules, misbehaves as its scenario
// says, and tells simulated devices that they were pushed.
class Server {
 public:
  // Errors: unavailable (address or socket in use), malformed (a certificate or key).
  static Result<std::unique_ptr<Server>> open(boost::asio::io_context& lane, ServerOptions options);
  ~Server();

  std::uint16_t port() const { return port_; }
  const std::string& phase_name() const { return service_.phase->name; }
  // As of now.
  const Report& report();

 private:
  Server(boost::asio::io_context& lane, ServerOptions options);
  Result<void> make_contexts();
  Result<void> listen();
  void enter(std::size_t phase);
  Milliseconds time_of_day() const;  // once it has begun
  void plan_next_phase();
  boost::asio::awaitable<void> accept(std::shared_ptr<boost::asio::ip::tcp::acceptor> acceptor);
  void take(boost::asio::ip::tcp::socket socket);

  boost::asio::io_context& lane_;
  const ServerOptions options_;
  std::vector<http::TlsContext> contexts_;  // one a phase
  Service service_;
  std::uint16_t port_ = 0;
  // Shared with the coroutine that accepts on it, which ends after it was closed.
  std::shared_ptr<boost::asio::ip::tcp::acceptor> acceptor_;
  std::optional<Service::Clock::time_point> day_began_;
  boost::asio::steady_timer next_phase_;
  std::size_t phase_ = 0;
  std::uint32_t connections_ = 0;
  std::vector<std::weak_ptr<Connection>> open_;  // and some that have ended since the last look
};

}  // namespace reveille::simulators::apns
