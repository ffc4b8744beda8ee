#include "dispatcher/apns/connection.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <algorithm>
#include <utility>

#include "protocol/base/ensure.h"

namespace reveille::apns {
namespace {

namespace asio = boost::asio;

constexpr std::size_t record_bytes = 16 * 1024;  // the most that TLS puts into one
constexpr std::size_t write_bytes = 4 * record_bytes;
constexpr std::size_t read_bytes = record_bytes;  // a Stream yields one record at a time
// APNs states its limit in the first SETTINGS; with a certificate so many are taken before them.
constexpr std::uint32_t streams_before_settings = 100;
constexpr std::size_t response_bytes_max = 64 * 1024;

http::Http2ClientOptions session_options(const Connection::Parts& parts) {
  return {.streams_before_settings = streams_before_settings,
          .streams_max = static_cast<std::uint32_t>(parts.streams_max),
          .response_bytes_max = response_bytes_max,
          .first_stream_id = parts.first_stream_id};
}

}  // namespace

Connection::Connection(asio::io_context& lane, Owner& owner, const Clock& clock, Parts parts)
    : owner_(&owner),
      clock_(&clock),
      parts_(std::move(parts)),
      request_(parts_.authority, parts_.topic, parts_.apns_id_prefix),
      session_(*this, session_options(parts_)),
      keepalive_(parts_.keepalive, clock.steady_now()),
      now_(clock.steady_now()),
      opened_at_(now_),
      work_(lane, asio::steady_timer::time_point::max()) {}

void Connection::start() {
  asio::co_spawn(work_.get_executor(), write(shared_from_this()), asio::detached);
  asio::co_spawn(work_.get_executor(), read(shared_from_this()), asio::detached);
}

std::size_t Connection::capacity() const {
  return draining_ || closed_ ? 0 : session_.capacity();
}

void Connection::send(const PendingPush& pending) {
  request_.prepare(pending.push.notification, pending.number);
  session_.submit(pending.id, request_.headers(), request_.payload());
}

void Connection::cancel(std::uint32_t id) {
  session_.cancel(id);
  say_goodbye_when_done();  // nothing may ever be read again that would remind us
}

void Connection::on_answer_time(std::chrono::nanoseconds time) {
  answer_time_.add(time);
  unanswered_in_a_row_ = 0;
}

void Connection::flush() {
  if (!std::exchange(writer_waits_, false)) return;
  work_.cancel();
}

void Connection::drain() {
  draining_ = true;
  say_goodbye_when_done();
}

// Only then: a peer may take our GOAWAY as leave to close.
void Connection::say_goodbye_when_done() {
  if (closed_ || !draining_ || said_goodbye_ || session_.open_streams() > 0) return;
  said_goodbye_ = true;
  session_.go_away();
  flush();
}

void Connection::close(const Error& why) {
  if (closed_) return;
  closed_ = true;
  parts_.stream->close();
  work_.cancel();
  session_.abandon();
  if (owner_ != nullptr) owner_->on_closed(*this, why);
}

void Connection::leave() {
  owner_ = nullptr;
  clock_ = nullptr;
  closed_ = true;
  parts_.stream->close();
  work_.cancel();
}

bool Connection::check_alive(Clock::SteadyTime now) {
  switch (keepalive_.consider(session_.open_streams() > 0, now)) {
    case Keepalive::Action::none:
      return false;
    case Keepalive::Action::ping:
      session_.ping();
      flush();
      return true;
    case Keepalive::Action::drop:
      close(Error{ErrorCode::unavailable, "PING was not answered"});
      return false;
  }
  return false;
}

void Connection::on_response_view(Tag tag, const http::ResponseView& response) {
  if (owner_ != nullptr) owner_->on_answer(*this, static_cast<std::uint32_t>(tag), response);
}

void Connection::on_failure(Tag tag, http::StreamFailure failure) {
  if (owner_ != nullptr) owner_->on_no_answer(*this, static_cast<std::uint32_t>(tag), failure);
}

void Connection::on_goaway(std::uint32_t error_code, BytesView debug_data) {
  draining_ = true;
  if (owner_ != nullptr) owner_->on_goaway(*this, error_code, debug_data);
}

asio::awaitable<void> Connection::read(std::shared_ptr<Connection> self) {
  (void)self;  // keeps this alive
  // The keepalive ends a silent connection long before; the deadline is for its own defects.
  const auto patience = parts_.keepalive.ping_idle + 2 * parts_.keepalive.ping_timeout;
  std::string buffer(read_bytes, '\0');
  while (!closed_) {
    const Result<std::size_t> count = co_await parts_.stream->read_some(buffer, now_ + patience);
    if (closed_) co_return;
    now_ = clock_->steady_now();
    if (!count) co_return close(count.error());
    if (*count == 0) co_return close(Error{ErrorCode::unavailable, "closed by APNs"});

    keepalive_.on_read(now_);
    const Result<void> received = session_.receive(BytesView(buffer).substr(0, *count));
    if (!received) co_return close(received.error());
    owner_->after_read(*this);
    if (closed_) co_return;
    say_goodbye_when_done();
    flush();
  }
}

asio::awaitable<void> Connection::write(std::shared_ptr<Connection> self) {
  (void)self;  // keeps this alive
  Bytes output;
  while (!closed_) {
    session_.produce(output, write_bytes - output.size());
    if (output.empty()) {
      if (said_goodbye_) co_return close(Error{ErrorCode::unavailable, "drained"});
      writer_waits_ = true;
      boost::system::error_code cancelled;
      co_await work_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
      continue;
    }
    // The last frame goes past a record's end: its rest opens the next write, when there is one.
    const std::size_t count = std::min(output.size(), write_bytes);
    const auto deadline = clock_->steady_now() + parts_.write_timeout;
    const Result<void> written =
        co_await parts_.stream->write(BytesView(output).substr(0, count), deadline);
    if (closed_) co_return;
    if (!written) co_return close(written.error());
    output.erase(0, count);
  }
}

}  // namespace reveille::apns
