#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>

#include "dispatcher/apns/client_options.h"
#include "dispatcher/apns/push.h"
#include "dispatcher/apns/statistics.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/log.h"
#include "dispatcher/runtime/random_source.h"
#include "protocol/pki/push_certificate.h"

namespace reveille::apns {

// One topic's way to APNs, that of its certificate: several connections, all streams the peer
// allows, GOAWAY and refused streams resubmitted elsewhere, PING when silent, back-off with full
// jitter between connection attempts (protocol.md section 6, apns-practice.md section 3).
//
// Every push that submit() took gets exactly one outcome, within push_timeout and a little; only a
// client destroyed without stop() takes those that are left with it. A push whose stream or
// connection was lost may have reached APNs and is sent again all the same: to a device a second
// wake is none.
//
// A push of another topic is never sent: APNs would call its token wrong, which it is not. It fails
// as is_of_other_topic.
//
// Urgent pushes overtake bulk ones that wait, but for one in eight; within an urgency they go in
// the order of submission.
//
// Memory: as many waiting pushes as the two capacities say and one for each stream, about 300 bytes
// each; it grows to that and stays. Threads: lives on `lane`; methods marked so are for any thread.
class Client {
 public:
  // Called on the lane; must not block. May call submit().
  using Deliver = std::move_only_function<void(PushOutcome)>;

  // Everything passed by reference outlives the client; `lane` runs on one thread.
  Client(boost::asio::io_context& lane, const ClientOptions& options, const Clock& clock,
         RandomSource& random, Log& log, Deliver deliver);
  ~Client();  // on the lane, or after its io_context has stopped
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Any thread. True: taken, and `push` is moved from. False: the queue of its urgency is full or
  // the client stops, and `push` is as it was.
  bool submit(Push& push);

  // Any thread. The connections made with the one before drain and close; waiting pushes stay,
  // but those of another topic fail. What is submitted afterwards meets this certificate.
  void set_certificate(pki::PushCertificate certificate);

  // Any thread. Takes no more; what waits for a stream fails as "stopping" at once, what is in
  // flight is waited for until the deadline, then connections close with GOAWAY and the rest fails.
  // `done` runs on the lane.
  void stop(std::chrono::milliseconds deadline, std::move_only_function<void()> done);

  using Statistics = ClientStatistics;
  Statistics statistics() const;  // any thread

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the coroutines it spawned, which end with it
};

}  // namespace reveille::apns
