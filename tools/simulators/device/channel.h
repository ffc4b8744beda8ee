#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "tools/simulators/device/behaviour.h"
#include "tools/simulators/device/bodies.h"
#include "tools/simulators/device/dice.h"
#include "tools/simulators/device/errands.h"
#include "tools/simulators/device/expectations.h"
#include "tools/simulators/device/line.h"
#include "tools/simulators/device/services.h"
#include "tools/simulators/device/setup_assistant.h"

namespace reveille::simulators::device {

//   unenrolled ─enrol─► enrolled ─EraseDevice─► erased
//                                ─CheckOut────► checked_out
//                                ─silence, or an order of the server─► left
enum class Life { unenrolled, enrolled, erased, checked_out, left };

// What the channels of a device share; the device owns it.
struct DeviceState {
  Life life = Life::unenrolled;
  bool is_leaving = false;  // the server may know it already
  Enrolment enrolment;
};

// One conversation with the server: a device's own, or that of one of its users, each with its own
// push token, queue and connection.
//
// Threads: the fleet's lane. At most one of its coroutines runs at a time: its device sees to that.
class Channel {
 public:
  enum class After { asleep, polls_again, gone };

  Channel(const FleetServices& services, DeviceState& state, Speaker speaker, Dice dice);

  // Its first TokenUpdate, of a network user after the login. False: the server does not manage
  // this user. Errors: what refused it.
  boost::asio::awaitable<Result<bool>> begin();

  // TokenUpdate with a new push token and magic.
  boost::asio::awaitable<void> update_token();

  boost::asio::awaitable<void> escrow_bootstrap_token();
  boost::asio::awaitable<void> get_tokens();
  boost::asio::awaitable<void> synchronise_declarations();
  // False: the server said nothing that would do.
  boost::asio::awaitable<bool> ask_return_to_service();
  // UserAuthenticate, with its digest where the server asks for one. False: not managed.
  boost::asio::awaitable<bool> log_in();

  // Says Idle, answers until there is nothing more. Repeats an answer until it got its 2xx, however
  // long the server is away. After an acknowledged EraseDevice `state.life` is erased.
  boost::asio::awaitable<After> connect();

  // The push that is being answered, for the latency from push to answer.
  void heard_push(std::chrono::steady_clock::time_point when) {
    if (!pushed_at_) pushed_at_ = when;
  }
  // The server has accepted an Authenticate: this channel begins anew.
  void forget();
  // The device, erased, is about to enrol anew by another link, as `device`: with nothing that it
  // had before.
  void begin_anew(std::string device);

  bool is_in_setup() const { return setup_.is_awaiting(); }
  bool is_alive() const { return has_begun_ && state_.life == Life::enrolled; }
  const Speaker& speaker() const { return speaker_; }
  const PushAddress& address() const { return address_; }
  std::vector<Errand> roll_errands();
  Line& line() { return line_; }
  bool rolls(double rate) { return dice_.hits(rate); }
  void note(std::string_view event, std::string_view command = {});
  void expect_empty(const http::Response& response);
  bool is_over() const;

 private:
  using Reply = boost::asio::awaitable<Result<http::Response>>;

  Reply ask(Bytes body);                      // a check-in, until it is answered
  Reply check_in(Bytes body);                 // a check-in, until it is accepted
  Reply say(mdm::Status status, Bytes body);  // a report, until it is accepted
  Reply say_idle();
  Reply give(const mdm::Command& command, const Answer& answer);
  Reply follow(const mdm::Command& command, const Answer& answer, http::Response response);
  void count(const mdm::Command& command, mdm::Status status);
  boost::asio::awaitable<bool> prove_password(std::string challenge, std::string password);
  Bytes token_update_of(const PushAddress& address) const;
  // What is handed out; nullopt when that breaks a rule.
  std::optional<mdm::Command> take_command(Bytes body);
  Answer choose_answer(const mdm::Command& command);
  void on_accepted(const mdm::Command& command, mdm::Status status);
  void on_empty_body();
  void broke(Rule rule, std::string_view detail);

  const FleetServices& services_;
  DeviceState& state_;
  Speaker speaker_;
  Dice dice_;
  Line line_;
  PushAddress address_;
  OptionalAuthToken auth_token_;
  Expectations expectations_;
  SetupAssistant setup_;
  Occasion occasion_ = Occasion::ordinary;  // of the exchange
  mdm::Status last_status_ = mdm::Status::idle;
  bool has_begun_ = false;
  std::optional<std::chrono::steady_clock::time_point> pushed_at_;
};

}  // namespace reveille::simulators::device
