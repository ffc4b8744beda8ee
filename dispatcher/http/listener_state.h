#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <unordered_set>

#include "dispatcher/http/handler.h"
#include "dispatcher/http/listener.h"
#include "dispatcher/runtime/log.h"
#include "dispatcher/runtime/turns.h"
#include "protocol/base/bytes.h"
#include "protocol/base/ensure.h"
#include "protocol/http/body_budget.h"

namespace reveille::http {

// A peer that is still sending when we close would meet a reset, and might lose our last answer to
// it: after a refusal or a GOAWAY we read on for a while.
constexpr std::chrono::seconds linger_time{2};

// A handshake takes some 200 us until its first answer, and then tens of KiB until the peer's.
// Those begun are finished before many others begin, so what is half done does not pile up in a
// storm.
constexpr std::size_t handshakes_a_round = 16;

// One accepted connection, as its listener sees it.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void drain() = 0;  // take no more requests; end when those taken are answered
  virtual void close() = 0;  // now; pending waits end, so its coroutines do
};

// Written by the lane, read by any thread.
struct ListenerCounters {
  std::atomic<std::uint64_t> connections{0};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> handshakes_failed{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> requests_malformed{0};
};

inline void count(std::atomic<std::uint64_t>& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

// What a listener and its connections share; it goes with the last of them. Their coroutines
// own it together with the listener, which may be destroyed while they still run down.
struct ListenerState {
  ListenerState(boost::asio::io_context& its_lane, const ListenerOptions& chosen, Handler& answers,
                Log& lines)
      : lane(its_lane),
        options(chosen),
        handler(answers),
        log(lines),
        bodies(std::make_shared<BodyBudget>(chosen.bodies_bytes_max)),
        handshakes(handshakes_a_round, chosen.connections_max) {
    ensure(chosen.bodies_bytes_max / 2 >= chosen.body_bytes_max, "the largest body has room");
  }

  boost::asio::io_context& lane;
  ListenerOptions options;
  Handler& handler;
  Log& log;
  const std::shared_ptr<BodyBudget> bodies;
  Turns handshakes;
  ListenerCounters counters;
  std::unordered_set<Connection*> connections;
  bool draining = false;
  // Every connection reads into this one: bytes are taken out of it before anything is awaited
  // (see Stream::read_some), so an idle connection needs no buffer.
  Bytes read_buffer = Bytes(16 * 1024, '\0');
};

// A handler threw: the connection is closed, the others do not notice.
inline void log_exception(Log& log, const std::string& peer, const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    log.error("connection closed by an exception", {{"peer", peer}, {"what", error.what()}});
  } catch (...) {
    log.error("connection closed by an exception", {{"peer", peer}});
  }
}

// A connection in its listener's set.
class Registration {
 public:
  Registration(ListenerState& state, Connection& connection)
      : state_(state), connection_(connection) {
    state_.connections.insert(&connection_);
  }
  ~Registration() { state_.connections.erase(&connection_); }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

 private:
  ListenerState& state_;
  Connection& connection_;
};

}  // namespace reveille::http
