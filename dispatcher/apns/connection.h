#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "dispatcher/apns/answer_time.h"
#include "dispatcher/apns/keepalive.h"
#include "dispatcher/apns/push_request.h"
#include "dispatcher/apns/push_table.h"
#include "dispatcher/http/stream.h"
#include "dispatcher/runtime/clock.h"
#include "protocol/http/http2_client_session.h"

namespace reveille::apns {

// One connection to APNs: what was sent is answered, fails, or is lost with it.
//
//   open ──► draining ──► closed      draining: takes no pushes, waits for those it has
//     └─────────────────────┘
//
// Writing: a turn serialises all that is there and writes it at once, in whole TLS records as long
// as there is more; nothing waits for a timer. Threads: the lane's alone.
class Connection final : public std::enable_shared_from_this<Connection>,
                         private http::Http2ClientSession::Events {
 public:
  // Called from within the connection's own turns and from close(). They may call anything of the
  // connection but close(), except for after_read().
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_answer(Connection& connection, std::uint32_t id,
                           const http::ResponseView& response) = 0;
    virtual void on_no_answer(Connection& connection, std::uint32_t id,
                              http::StreamFailure failure) = 0;
    virtual void on_goaway(Connection& connection, std::uint32_t error_code, BytesView debug) = 0;
    // Everything that arrived was told of: there may be room for more pushes.
    virtual void after_read(Connection& connection) = 0;
    // The last call, after on_no_answer for whatever was open.
    virtual void on_closed(Connection& connection, const Error& why) = 0;
  };

  struct Parts {
    std::unique_ptr<http::Stream> stream;  // its handshake done
    boost::asio::ip::address address;
    std::string authority;
    std::string topic;
    std::string apns_id_prefix;
    std::size_t streams_max = 0;
    std::int32_t first_stream_id = 1;
    Keepalive::Periods keepalive;
    std::chrono::milliseconds write_timeout{};
    std::uint64_t certificate_number = 0;  // of the client's certificates, the one it was made with
  };

  // `owner` and `clock` outlive the connection or are taken away by leave().
  Connection(boost::asio::io_context& lane, Owner& owner, const Clock& clock, Parts parts);

  void start();

  // Pushes that may be sent now; 0 unless it is open.
  std::size_t capacity() const;
  std::size_t streams_allowed() const { return capacity() + session_.open_streams(); }
  std::size_t in_flight() const { return session_.open_streams(); }
  // Requires capacity() > 0. Nothing leaves before flush().
  void send(const PendingPush& pending);
  void cancel(std::uint32_t id);
  // It can never take another push: what it has goes on.
  bool ids_have_run_out() const { return session_.ids_have_run_out(); }
  void note_unanswered() { ++unanswered_in_a_row_; }
  void flush();

  // Takes no more pushes; says GOAWAY and closes when those it has are done.
  void drain();
  bool draining() const { return draining_; }
  // At once. What is open fails as lost, then on_closed.
  void close(const Error& why);
  // The owner goes away: closes without a word to it.
  void leave();

  // Looks at the silence: sends a PING, or closes. True when it sent one.
  bool check_alive(Clock::SteadyTime now);

  Clock::SteadyTime now() const { return now_; }  // of the turn that runs
  Clock::SteadyTime opened_at() const { return opened_at_; }
  const AnswerTime& answer_time() const { return answer_time_; }
  void on_answer_time(std::chrono::nanoseconds time);
  // Attempts that passed their time with no answer to any since.
  std::uint32_t unanswered_in_a_row() const { return unanswered_in_a_row_; }
  const boost::asio::ip::address& address() const { return parts_.address; }
  std::uint64_t certificate_number() const { return parts_.certificate_number; }
  bool refused_by_goaway() const { return session_.goaway_received(); }

 private:
  using Tag = http::Http2ClientSession::Tag;

  void on_response_view(Tag tag, const http::ResponseView& response) override;
  void on_failure(Tag tag, http::StreamFailure failure) override;
  void on_goaway(std::uint32_t error_code, BytesView debug_data) override;

  boost::asio::awaitable<void> read(std::shared_ptr<Connection> self);
  boost::asio::awaitable<void> write(std::shared_ptr<Connection> self);
  void say_goodbye_when_done();

  Owner* owner_;
  const Clock* clock_;
  const Parts parts_;
  PushRequest request_;  // before the session, which points into it
  http::Http2ClientSession session_;
  Keepalive keepalive_;
  AnswerTime answer_time_;
  std::uint32_t unanswered_in_a_row_ = 0;
  Clock::SteadyTime now_;
  const Clock::SteadyTime opened_at_;
  boost::asio::steady_timer work_;  // never expires: cancelled when there is something to write
  bool writer_waits_ = false;
  bool draining_ = false;
  bool said_goodbye_ = false;
  bool closed_ = false;
};

}  // namespace reveille::apns
