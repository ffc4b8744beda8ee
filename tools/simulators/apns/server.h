#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>

#include "dispatcher/http/stream.h"
#include "dispatcher/http/tls_context.h"
#include "protocol/base/error.h"
#include "tools/simulators/apns/misbehaviour.h"
#include "tools/simulators/apns/report.h"
#include "tools/simulators/apns/rules.h"
#include "tools/simulators/apns/subscribers.h"

namespace reveille::simulators::apns {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::optional<std::filesystem::path> notify_socket;
  std::uint32_t streams_max = 1'000;
  // Whom clients without a certificate count as, for load generators that cannot present one;
  // nullopt: they are refused, as Apple does.
  std::optional<std::string> assumed_topic;
  MisbehaviourOptions misbehaviour;
};

// A stand-in for Apple's push service on one thread: keeps its rules, misbehaves on request, and
// tells simulated devices that they were pushed.
class Server {
 public:
  // Errors: unavailable (address or socket in use).
  static Result<std::unique_ptr<Server>> open(boost::asio::io_context& lane,
                                              const ServerOptions& options, http::TlsContext tls);
  ~Server();

  std::uint16_t port() const;
  const Report& report() const { return report_; }

 private:
  class Connection;

  Server(boost::asio::io_context& lane, const ServerOptions& options, http::TlsContext tls);
  boost::asio::awaitable<void> accept();
  bool seen_before(const std::string& apns_id);

  boost::asio::io_context& lane_;
  const ServerOptions options_;
  const http::TlsContext tls_;
  boost::asio::ip::tcp::acceptor acceptor_;
  TokenDirectory tokens_;
  std::unique_ptr<Subscribers> subscribers_;
  Report report_;
  std::unordered_set<std::string> apns_ids_;  // emptied at apns_ids_max
};

}  // namespace reveille::simulators::apns
