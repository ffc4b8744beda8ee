#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/runtime/bounded_queue.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/log.h"
#include "dispatcher/runtime/random_source.h"
#include "protocol/apns/notification.h"
#include "protocol/apns/response.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/push_certificate.h"

namespace reveille::apns {

struct ClientOptions {
  std::string host = "api.push.apple.com";
  std::uint16_t port = 443;
  std::vector<pki::Certificate> anchors;  // empty: the system's store
  std::size_t connections_max = 4;
  std::size_t streams_per_connection_max = 1'000;  // ours; the peer's limit is obeyed as well
  std::size_t queue_capacity = 65'536;             // pushes that wait for a stream
  std::chrono::milliseconds push_timeout{30'000};  // from submit() to its outcome
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds ping_after{20'000};    // of silence while streams are open
  std::chrono::milliseconds ping_idle{3'600'000};  // of silence with none open
  std::chrono::milliseconds ping_timeout{8'000};
  std::chrono::milliseconds backoff_first{1'000};  // between connection attempts, full jitter
  std::chrono::milliseconds backoff_max{60'000};
  std::size_t attempts_max = 3;  // of one push, when streams are refused or connections lost
};

struct Push {
  std::uint64_t ticket = 0;  // the caller's name for it; comes back in the outcome
  Notification notification;
};

struct PushOutcome {
  std::uint64_t ticket = 0;
  std::optional<Response> response;  // nullopt: none came, and `failure` says why
  std::string failure;               // "timed out", "no connection to APNs", "no push certificate", ...
  std::uint32_t attempts = 0;
  std::chrono::microseconds latency{};  // from submit()
};

// One topic's way to APNs: several connections, all streams the peer allows, GOAWAY and refused
// streams resubmitted elsewhere, PING when silent, back-off with full jitter between connection
// attempts (protocol.md section 6, apns-practice.md section 3).
//
// Every push that submit() took gets exactly one outcome, within push_timeout and a little.
// Threads: lives on `lane`; methods marked so are for any thread.
class Client {
 public:
  // Called on the lane; must not block.
  using Deliver = std::move_only_function<void(PushOutcome)>;

  // Everything passed by reference outlives the client.
  Client(boost::asio::io_context& lane, const ClientOptions& options, const Clock& clock,
         RandomSource& random, Log& log, Deliver deliver);
  ~Client();  // on the lane, or after its io_context has stopped

  // Any thread. False: the queue is full, nothing was taken.
  bool submit(Push push);

  // Any thread. The connections made with the one before drain and close; waiting pushes stay.
  void set_certificate(pki::PushCertificate certificate);

  // Any thread. Takes no more; what is in flight is waited for until the deadline, then connections
  // close with GOAWAY and the rest fails. `done` runs on the lane.
  void stop(std::chrono::milliseconds deadline, std::move_only_function<void()> done);

  struct Statistics {
    std::string topic;  // empty: no certificate yet
    std::uint64_t submitted = 0, accepted = 0, rejected = 0, failed = 0;
    std::uint64_t resubmitted_refused = 0, resubmitted_goaway = 0, resubmitted_lost = 0;
    std::uint64_t connects = 0, connect_failures = 0, goaways = 0, pings = 0;
    std::uint64_t connections = 0, in_flight = 0, waiting = 0, streams_allowed = 0;
    std::string last_connect_error;
  };
  Statistics statistics() const;  // any thread

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the coroutines it spawned, which end with it
};

}  // namespace reveille::apns
