#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "dispatcher/http/stream.h"
#include "dispatcher/http/tls_context.h"
#include "protocol/http/http2_server_session.h"

namespace reveille::apns::test {

// What a peer does wrong. Counts are of requests; 0 is never.
struct Script {
  http::Http2ServerLimits limits{.concurrent_streams_max = 1'000};

  // Over all connections: every so many-th request.
  std::size_t refuse_each = 0;
  std::size_t reset_each = 0;
  std::size_t stall_each = 0;
  std::size_t unavailable_each = 0;  // 503
  std::size_t shutdown_each = 0;     // 503 with reason Shutdown

  // Of one connection, after so many.
  std::size_t goaway_after = 0;
  std::size_t goaway_leaves = 0;  // so many of them are above its last stream, and not answered
  bool goaway_before_answers = false;
  std::size_t cut_after = 0;
  std::size_t silent_after = 0;  // reads and writes no more
  std::size_t change_limit_after = 0;
  std::uint32_t changed_limit = 0;

  // The faults above are those of its first connections only.
  std::size_t faulty_connections = static_cast<std::size_t>(-1);
  std::size_t silent_from_the_start = 0;  // so many first connections never speak
  std::size_t goaway_at_once = 0;         // so many first ones say GOAWAY and nothing else
  bool holds_answers = false;             // until release_answers()
  std::chrono::milliseconds late_by{0};   // answers of the first connection
};

// A stand-in for APNs on a thread and a loopback port of its own, over TLS. It keeps a record of
// what it processed, that is, answered; what it refused it did not process.
class ScriptedPeer {
 public:
  ScriptedPeer(http::TlsContext tls, const Script& script);
  ~ScriptedPeer();

  std::uint16_t port() const { return port_; }
  // These wait for the peer's thread.
  void change_script(const std::function<void(Script&)>& change);
  void release_answers();  // from now on
  void release_held();     // those that are held now
  void change_stream_limit(std::uint32_t limit);
  void stop_listening();
  void listen_again();
  void use_tls(http::TlsContext tls);

  struct Record {
    std::map<std::string, std::size_t> processed;  // by path
    std::map<std::string, std::set<std::string>> ids;  // apns-ids seen, by path
    std::size_t requests = 0;
    std::size_t connections = 0;       // accepted, ever
    std::size_t connections_most = 0;  // at once, with their handshake done
    std::size_t streams_most = 0;      // open at once on one connection
    std::size_t held = 0;
    std::map<std::string, std::string> headers;  // of the last request
    std::string body;
    std::size_t goaways_received = 0;

    std::size_t doubles() const;
  };
  Record record();

 private:
  struct Connection;

  void run_there(std::move_only_function<void()> work);
  void listen(std::uint16_t port);
  boost::asio::awaitable<void> accept_all();

  boost::asio::io_context context_{1};
  Script script_;
  http::TlsContext tls_;
  std::optional<boost::asio::ip::tcp::acceptor> acceptor_;
  std::uint16_t port_ = 0;
  Record record_;
  std::size_t open_ = 0;
  std::vector<std::weak_ptr<Connection>> connections_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::jthread thread_;
};

}  // namespace reveille::apns::test
