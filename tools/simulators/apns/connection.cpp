#include "tools/simulators/apns/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "protocol/pki/certificate.h"

// Its life: handshake, bytes in and out, what is due, the end.
namespace reveille::simulators::apns {

namespace asio = boost::asio;

namespace {

constexpr auto patience = std::chrono::hours(24);
constexpr std::size_t read_bytes = 64 * 1024;
// The provider does not read: neither do we, until it does.
constexpr std::size_t unsent_bytes_max = 4u << 20;

}  // namespace

Connection::Connection(Service& service, asio::ip::tcp::socket socket, const http::TlsContext& tls,
                       std::uint32_t number)
    : service_(service),
      number_(number),
      descriptor_(socket.native_handle()),
      stream_(http::Stream::tls_server(std::move(socket), tls)),
      session_(*this, service.phase->behaviour.settings, service.strictness == Strictness::all),
      dice_(service.seed, number),
      luck_(dice_.roll()),
      timer_(service.lane),
      output_waits_(service.lane, Clock::time_point::max()),
      reading_waits_(service.lane, Clock::time_point::max()),
      opened_(Clock::now()),
      now_(opened_) {}

asio::awaitable<void> Connection::serve() {
  const auto self = shared_from_this();
  const bool shaken = co_await shake_hands();
  if (!shaken) {
    if (over_) co_return;
    ++service_.report.handshakes_failed;
    co_await let_alert_be_read();
    if (!std::exchange(over_, true)) stream_->close();
    co_return;
  }
  shaken_ = true;
  Report& report = service_.report;
  ++report.connections;
  report.connections_most = std::max(report.connections_most, ++report.connections_open);
  now_ = Clock::now();
  plan_phase();
  asio::co_spawn(service_.lane, write_loop(self), asio::detached);
  co_await read_loop();
  end();
}

asio::awaitable<bool> Connection::shake_hands() {
  const Handshake& handshake = behaviour().handshake;
  if (handshake.delay.count() > 0) {
    timer_.expires_after(handshake.delay);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (over_) co_return false;
  if (handshake.cut != Handshake::Cut::no) {
    break_off(handshake.cut == Handshake::Cut::reset);
    co_return false;
  }
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  Result<void> shaken = co_await stream_->handshake(deadline);
  if (!shaken || over_ || stream_->protocol() != "h2") co_return false;
  topic_ = service_.assumed_topic;
  if (const auto certificate = stream_->peer_certificate()) topic_ = certificate->user_id();
  co_return true;
}

// A provider of TLS 1.3 has sent its first pushes by the time that its certificate is refused.
// Closing with those unread would reset the connection, and the alert with it.
asio::awaitable<void> Connection::let_alert_be_read() {
  ::shutdown(descriptor_, SHUT_WR);
  timer_.expires_after(std::chrono::milliseconds(500));
  boost::system::error_code ignored;
  co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> Connection::read_loop() {
  std::string buffer(read_bytes, '\0');
  while (!over_) {
    if (deaf_ || session_.output().size() > unsent_bytes_max) {
      boost::system::error_code ignored;
      co_await reading_waits_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    const auto deadline = Clock::now() + patience;
    Result<std::size_t> count = co_await stream_->read_some(buffer, deadline);
    if (!count || *count == 0 || over_) co_return;
    if (closing_) continue;
    now_ = Clock::now();
    received_ += *count;
    Result<void> received = session_.receive(BytesView(buffer).substr(0, *count));
    const ConnectionFault& fault = behaviour().connection;
    const std::uint64_t enough = fault.cut_after_bytes_read;
    if (enough != 0 && received_ >= enough && luck_ < fault.share) cut_at(end_of_output());
    if (!received) {
      on_broken_rule(received.error().detail);
      closing_ = true;  // once the GOAWAY is out
    }
    plan_window_update();
    wake_writer();
  }
}

asio::awaitable<void> Connection::write_loop(std::shared_ptr<Connection> /*self*/) {
  Bytes output;
  while (!over_) {
    const bool cuts = cut_at_ && *cut_at_ <= given_;
    const bool halted = halt_at_ && *halt_at_ <= given_;
    if ((session_.output().empty() || halted) && !cuts) {
      const bool all_is_out = session_.output().empty();
      if (all_is_out && (closing_ || (drains_ && session_.open_streams() == 0))) {
        co_return close_in_order();
      }
      boost::system::error_code ignored;
      co_await output_waits_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    output.clear();
    output.swap(session_.output());
    const bool written = co_await write_output(output);
    if (!written) break;
    reading_waits_.cancel();
  }
  end();
}

// The provider may still be sending; closing now would reset the connection, and lose what it has
// not read yet. So it is the one to close, within a few seconds.
void Connection::close_in_order() {
  closing_ = true;
  stream_->end_writing();
  plan({.kind = Task::Kind::end, .due = Clock::now() + std::chrono::seconds(5)});
}

// False when the connection is to end.
asio::awaitable<bool> Connection::write_output(Bytes& output) {
  if (halt_at_ && *halt_at_ < given_ + output.size()) {  // the rest waits, in its place
    const std::size_t goes_out = *halt_at_ > given_ ? *halt_at_ - given_ : 0;
    session_.output().insert(0, output, goes_out);
    output.resize(goes_out);
  }
  const bool cuts = cut_at_ && *cut_at_ <= given_ + output.size();
  if (cuts) output.resize(*cut_at_ > given_ ? *cut_at_ - given_ : 0);
  given_ += output.size();
  const auto deadline = Clock::now() + std::chrono::seconds(60);
  Result<void> written = co_await stream_->write(output, deadline);
  if (cuts && !over_) cut();
  co_return written.has_value() && !cuts;
}

void Connection::end() {
  if (std::exchange(over_, true)) return;
  stream_->close();
  agenda_.clear();
  timer_.cancel();
  output_waits_.cancel();
  reading_waits_.cancel();
  if (!shaken_) return;
  --service_.report.connections_open;
  session_.streams().for_each([this](wire::OpenStream& stream) {
    if (!stream.answered) record(stream.push, Outcome::lost);
  });
  service_.ledger.connection_ended(number_, service_.milliseconds_since_start(Clock::now()));
}

void Connection::plan(Task task) {
  task.phase_number = service_.phase_number;
  agenda_.add(task);
  arm_timer();
}

void Connection::arm_timer() {
  const auto due = agenda_.next_due();
  if (!due || over_ || due == armed_for_) return;
  armed_for_ = due;
  timer_.expires_at(*due);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (error || self->over_) return;
    self->run_due_tasks();
  });
}

void Connection::run_due_tasks() {
  armed_for_.reset();
  now_ = Clock::now();
  while (const std::optional<Task> task = agenda_.take_due(now_)) {
    if (over_) return;
    run(*task);
  }
  arm_timer();
  wake_writer();
}

void Connection::run(const Task& task) {
  if (task.kind == Task::Kind::answer) return give_answer(task);
  if (task.kind == Task::Kind::second_goaway) return finish_goaway();
  if (task.kind == Task::Kind::end) return end();
  if (task.phase_number != service_.phase_number) return;
  if (task.kind == Task::Kind::goaway) return begin_goaway();
  if (task.kind == Task::Kind::half_open) return freeze();
  windows_planned_ = false;
  session_.update_windows();
}

}  // namespace reveille::simulators::apns
