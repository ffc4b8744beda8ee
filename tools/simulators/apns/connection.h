#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/http/stream.h"
#include "tools/simulators/apns/agenda.h"
#include "tools/simulators/apns/dice.h"
#include "tools/simulators/apns/service.h"
#include "tools/simulators/apns/wire/push_session.h"

namespace reveille::simulators::apns {

// One provider's connection: rules, dice, and what they come to.
//
// Its bytes out are counted, inside TLS: `given_` is how many were handed to the stream, and what
// waits in the session follows them. A cut has a place in that count, so it falls where the
// scenario says, be it amid a frame; so has a halt, behind which nothing goes out.
class Connection final : public wire::PushSession::Events,
                         public std::enable_shared_from_this<Connection> {
 public:
  // shared_ptr: its reader, its writer and its timer end at different times.
  Connection(Service& service, boost::asio::ip::tcp::socket socket, const http::TlsContext& tls,
             std::uint32_t number);

  // Until the connection has ended.
  boost::asio::awaitable<void> serve();
  // The service has entered another phase.
  void enter_phase();

  // Closes it, in order; does nothing the second time. Afterwards it does not touch the service.
  void end();

  void on_head(const PushHead& head, Push& push) override;
  void on_push(wire::StreamId stream, Push& push) override;
  void on_withdrawn(wire::StreamId stream, Push& push) override;
  void on_turned_away(Push& push) override;
  void on_broken_rule(BytesView rule) override;
  void on_ping() override { ++service_.report.pings; }

 private:
  using Clock = Service::Clock;
  const Behaviour& behaviour() const { return service_.phase->behaviour; }

  boost::asio::awaitable<bool> shake_hands();
  boost::asio::awaitable<void> let_alert_be_read();
  boost::asio::awaitable<void> read_loop();
  boost::asio::awaitable<void> write_loop(std::shared_ptr<Connection> self);
  boost::asio::awaitable<bool> write_output(Bytes& output);

  // What happens to single pushes: connection_answers.cpp.
  const PushFault* choose_fault(const Push& push);
  void apply_loss(wire::StreamId stream, Push& push, const PushFault& fault);
  void give_answer(const Task& task);
  void accept(wire::StreamId stream, Push& push);
  void reject(wire::StreamId stream, Push& push, const PushFault* fault);
  void deliver(Push& push);  // to the device
  void record(const Push& push, Outcome outcome);
  void end_amid_answer(wire::StreamId stream, Push& push, const PushFault& fault);

  // What happens to the connection: connection_faults.cpp.
  void begin_goaway();
  void finish_goaway();
  void close_in_order();
  void freeze();
  void thaw();
  void cut();                           // now
  void cut_at(std::uint64_t position);  // once so many bytes were given to the stream
  void break_off(bool with_reset);
  void halt_at(std::uint64_t position);
  std::uint64_t end_of_output() { return given_ + session_.output().size(); }

  void plan(Task task);
  void arm_timer();
  void run_due_tasks();
  void run(const Task& task);
  void plan_phase();
  void plan_window_update();
  void wake_writer() { output_waits_.cancel(); }

  Service& service_;
  const std::uint32_t number_;
  const int descriptor_;  // of the socket that stream_ owns
  std::unique_ptr<http::Stream> stream_;
  wire::PushSession session_;
  Dice dice_;
  const double luck_;  // decides whether this is one of the connections with a fault
  std::optional<std::string> topic_;

  Agenda agenda_;
  boost::asio::steady_timer timer_;          // at the agenda's next task
  boost::asio::steady_timer output_waits_;   // cancelled when there may be something to write
  boost::asio::steady_timer reading_waits_;  // cancelled when reading may go on
  std::optional<Clock::time_point> armed_for_;
  Clock::time_point opened_;
  Clock::time_point now_;  // read once for all that came together

  std::uint64_t streams_ = 0;  // pushes ever
  std::uint64_t given_ = 0, received_ = 0;
  std::optional<std::uint64_t> cut_at_, halt_at_;
  std::vector<Task> held_;  // answers that wait for thaw()
  std::string magic_storage_;
  bool goaway_begun_ = false;
  bool drains_ = false;   // end when the last answer is out
  bool closing_ = false;  // end when what waits is out; nothing more is looked at
  bool frozen_ = false;   // answers nothing
  bool deaf_ = false;     // reads nothing
  bool windows_planned_ = false;
  bool over_ = false;
  bool shaken_ = false;
};

}  // namespace reveille::simulators::apns
