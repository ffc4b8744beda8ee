#pragma once

#include <array>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/apns/address_book.h"
#include "dispatcher/apns/backoff.h"
#include "dispatcher/apns/client.h"
#include "dispatcher/apns/connection.h"
#include "dispatcher/apns/connection_count.h"
#include "dispatcher/apns/dial.h"
#include "dispatcher/apns/dial_limit.h"
#include "dispatcher/apns/push_table.h"
#include "dispatcher/http/tls_context.h"
#include "dispatcher/runtime/bounded_queue.h"

namespace reveille::apns {

struct SubmittedPush {
  Push push;
  Clock::SteadyTime at;
};

// What a Client is behind its methods. The lane's alone, but for what the first group names.
//
//   submit ─► queue ─► table (waiting) ─► a connection (sent) ─► outcome
//                        ▲ refused, lost │
//                        └───────────────┘
struct Client::State final : std::enable_shared_from_this<State>, Connection::Owner {
  State(boost::asio::io_context& lane_of, const ClientOptions& chosen, const Clock& clock_of,
        RandomSource& random_of, Log& log_of, Deliver deliver_to);

  // Any thread.
  std::array<BoundedQueue<SubmittedPush>, urgencies> queues;
  std::atomic<bool> takes_pushes{true};
  std::atomic<bool> turn_posted{false};
  // While one is, a push that was submitted after it may have been taken before it: none is judged.
  std::atomic<std::uint32_t> certificates_on_their_way{0};
  ClientFigures figures;
  void post_turn();
  std::uint64_t handed_over() const { return queues[0].size() + queues[1].size(); }

  boost::asio::io_context& lane;
  const ClientOptions options;
  const Clock& clock;
  RandomSource& random;
  Log& log;
  Deliver deliver;
  const std::string apns_id_prefix;
  bool gone = false;  // the client was destroyed: its references may dangle

  // client_send.cpp: from the queue to a stream.
  PushTable table;
  void run_turn();
  void take_submitted();
  void send_waiting();
  Connection* with_most_room();
  // Why no push can be sent for now, nor soon; nullopt when waiting makes sense.
  std::optional<std::string> hopeless() const;
  void publish_figures();

  // client_outcome.cpp: what becomes of a push.
  void on_answer(Connection&, std::uint32_t id, const http::ResponseView&) override;
  void on_no_answer(Connection&, std::uint32_t id, http::StreamFailure) override;
  void refused(PendingPush& pending, bool by_goaway);
  void send_again_or_fail(PendingPush& pending, Figure& figure, const char* why);
  void answer(PendingPush& pending, Response response);
  void fail(PendingPush& pending, std::string why);
  void fail_as_other_topic(PendingPush& pending);
  void give_up(PendingPush& pending, PushOutcome outcome);
  void fail_waiting(const std::string& why);

  // client_connections.cpp: how many, to where, with which certificate.
  std::vector<std::shared_ptr<Connection>> connections;  // shared with their coroutines
  ConnectionCount count;
  AddressBook addresses;
  Backoff backoff;
  DialLimit dial_limit;
  Clock::SteadyTime next_dial_at;
  bool dialling = false;
  std::optional<http::TlsContext> tls;
  std::string topic;
  std::uint64_t certificate_number = 0;
  std::optional<std::string> certificate_refusal;  // and until when the loop rests
  Clock::SteadyTime refusal_ends_at;
  void use_certificate(const pki::PushCertificate& certificate);
  std::size_t usable_connections() const;
  void dial_if_wanted();
  boost::asio::awaitable<void> dial_one(std::shared_ptr<State> self);
  void adopt(Dialled dialled);
  void connecting_failed(const Error& error);
  void refuse_certificate(const std::string& why);
  bool was_of_use(const Connection& connection) const;
  void on_goaway(Connection&, std::uint32_t error_code, BytesView debug) override;
  void after_read(Connection&) override;
  void on_closed(Connection&, const Error& why) override;

  // client_time.cpp: what the passing of time asks for.
  boost::asio::steady_timer timer;
  bool ticks_slowly = false;
  std::optional<Clock::SteadyTime> stop_by;
  std::optional<Clock::SteadyTime> close_by;  // of the connections, once the rest has failed
  std::move_only_function<void()> stopped;
  boost::asio::awaitable<void> keep_time(std::shared_ptr<State> self);
  bool has_deadlines() const;  // but for those of connections at rest
  std::chrono::milliseconds tick_period();
  void tick();
  void expire_pushes(Clock::SteadyTime now);
  void check_connections(Clock::SteadyTime now);
  void retire_slow_connections();
  void retire(Connection& connection, const char* why);
  void adjust_connection_count(Clock::SteadyTime now);
  void begin_stop(std::chrono::milliseconds deadline, std::move_only_function<void()> done);
  void continue_stop(Clock::SteadyTime now);
};

}  // namespace reveille::apns
