#include "dispatcher/http/http1_connection.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "dispatcher/http/body_source.h"
#include "dispatcher/http/request_parser.h"
#include "dispatcher/http/response_head.h"
#include "protocol/base/ensure.h"

namespace reveille::http {
namespace {

namespace asio = boost::asio;
using Deadline = Stream::Deadline;
using std::chrono::steady_clock;

// Up to here a body is copied behind its head: one record, one packet.
constexpr std::size_t body_beside_head_bytes_max = 16 * 1024;
constexpr std::size_t linger_bytes_max = 1u << 20;
constexpr const char* retry_after_seconds = "60";
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";

class Http1Connection final : public Connection, private RequestParser::BodyRules {
 public:
  Http1Connection(ListenerState& state, Stream& stream, const Peer& peer)
      : state_(state), stream_(stream), peer_(peer), registration_(state, *this) {}

  asio::awaitable<void> serve();

  // idle_ also before the first request: a peer that has just connected loses nothing.
  void drain() override {
    if (idle_) stream_.close();
  }
  void close() override { stream_.close(); }

 private:
  enum class Arrival { whole, refused, ended };

  std::size_t body_bytes_max(const Request& head) const override {
    return state_.handler.body_bytes_max(head, peer_);
  }
  LongBodyPlace find_place(const Request& head) override {
    return state_.handler.find_place(head, peer_);
  }

  asio::awaitable<Arrival> receive(RequestParser& parser);
  void take(RequestParser& parser, BytesView bytes);
  asio::awaitable<bool> answer(RequestParser& parser);
  asio::awaitable<bool> send(Response response, bool to_head_request, AfterAnswer after);
  asio::awaitable<bool> send_parts(std::shared_ptr<BodySource> source);
  asio::awaitable<void> refuse(int status);
  RequestLimits limits() const;

  ListenerState& state_;
  Stream& stream_;
  const Peer& peer_;
  Bytes received_;  // not parsed yet
  int refusal_ = 0;
  bool idle_ = true;  // no byte of a next request is here
  const Registration registration_;
};

RequestLimits Http1Connection::limits() const {
  return {.request_line_bytes_max = state_.options.request_line_bytes_max,
          .head_bytes_max = state_.options.head_bytes_max,
          .body_bytes_max = state_.options.body_bytes_max};
}

asio::awaitable<void> Http1Connection::serve() {
  for (bool keep = true; keep;) {
    RequestParser parser(limits(), *this, state_.bodies);
    const Arrival arrival = co_await receive(parser);
    if (arrival == Arrival::ended) break;
    if (arrival == Arrival::refused) {
      if (refusal_ != 503) count(state_.counters.requests_malformed);
      (void)parser.release();  // while the refusal is on its way, others may have the room
      co_await refuse(refusal_);
      break;
    }
    count(state_.counters.requests);
    keep = co_await answer(parser);
  }
  stream_.close();
}

// RFC 9112 section 2.2: some clients end a body with a line break that belongs to nothing.
void skip_empty_line(Bytes& received) {
  if (received.starts_with("\r\n")) received.erase(0, 2);
}

// From bytes to a request. What the last request left over is taken first.
asio::awaitable<Http1Connection::Arrival> Http1Connection::receive(RequestParser& parser) {
  skip_empty_line(received_);
  idle_ = received_.empty();
  if (idle_ && state_.draining) co_return Arrival::ended;
  Deadline deadline =
      steady_clock::now() + (idle_ ? state_.options.idle_timeout : state_.options.request_timeout);
  bool continue_sent = false;
  if (!idle_) take(parser, {});
  while (refusal_ == 0 && !parser.is_done()) {
    if (parser.awaits_continue() && !continue_sent) {
      continue_sent = true;
      const Deadline write_deadline = steady_clock::now() + state_.options.write_timeout;
      Result<void> written = co_await stream_.write(continue_line, write_deadline);
      if (!written) co_return Arrival::ended;
    }
    Result<std::size_t> count = co_await stream_.read_some(state_.read_buffer, deadline);
    if (!count && !idle_ && steady_clock::now() >= deadline) refusal_ = 408;
    if (refusal_ != 0) break;
    if (!count || *count == 0) co_return Arrival::ended;
    if (std::exchange(idle_, false)) {
      deadline = steady_clock::now() + state_.options.request_timeout;
    }
    take(parser, BytesView(state_.read_buffer).substr(0, *count));
  }
  co_return refusal_ == 0 ? Arrival::whole : Arrival::refused;
}

// Whole requests are parsed where they were read; only what is left over is copied.
void Http1Connection::take(RequestParser& parser, BytesView bytes) {
  if (received_.empty()) {
    received_ = bytes.substr(parser.take(bytes));
  } else {
    received_.append(bytes);
    received_.erase(0, parser.take(received_));
  }
  refusal_ = parser.refusal();
}

// False: the connection ends.
asio::awaitable<bool> Http1Connection::answer(RequestParser& parser) {
  const bool keep_alive = parser.keep_alive();
  const bool http_1_0 = parser.is_http_1_0();
  const bool head = parser.is_head();
  Response response = co_await state_.handler.handle(parser.release(), peer_);
  ensure(response.status >= 200 && response.status <= 599, "a response has a final status");
  AfterAnswer after = AfterAnswer::close;
  if (!is_sendable(response)) {
    state_.log.error("response with a line break in a header", {{"peer", peer_.address}});
    response = Response{.status = 500, .headers = {}, .body = {}};
  } else if (keep_alive && !state_.draining) {
    after = http_1_0 ? AfterAnswer::keep_http_1_0 : AfterAnswer::keep;
  }
  const bool sent = co_await send(std::move(response), head, after);
  co_return sent&& after != AfterAnswer::close;
}

asio::awaitable<bool> Http1Connection::send(Response response, bool to_head_request,
                                            AfterAnswer after) {
  Bytes message = response_head(response, after);
  const Deadline deadline = steady_clock::now() + state_.options.write_timeout;
  const bool has_body = sends_body(response, to_head_request);
  const bool together = has_body && response.body.size() <= body_beside_head_bytes_max;
  if (together) message.append(response.body);
  Result<void> written = co_await stream_.write(message, deadline);
  if (written && has_body && !together) {
    written = co_await stream_.write(response.body, deadline);
  }
  if (written && response.source && !to_head_request) {
    co_return co_await send_parts(std::move(response.source));
  }
  co_return written.has_value();
}

// False: the peer gets fewer bytes than it was told, and the connection ends.
asio::awaitable<bool> Http1Connection::send_parts(std::shared_ptr<BodySource> source) {
  for (std::uint64_t left = source->bytes(); left > 0;) {
    const Result<Bytes> part = co_await source->next();
    if (!part || part->empty() || part->size() > left) co_return false;
    left -= part->size();
    const Deadline deadline = steady_clock::now() + state_.options.write_timeout;
    const Result<void> written = co_await stream_.write(*part, deadline);
    if (!written) co_return false;
  }
  co_return true;
}

asio::awaitable<void> Http1Connection::refuse(int status) {
  received_ = {};
  Response refusal{.status = status, .headers = {}, .body = {}};
  if (status == 503) refusal.headers.push_back({"retry-after", retry_after_seconds});
  const bool sent = co_await send(std::move(refusal), false, AfterAnswer::close);
  stream_.end_writing();
  const Deadline deadline = steady_clock::now() + linger_time;
  std::size_t discarded = 0;
  while (sent && discarded < linger_bytes_max) {
    Result<std::size_t> count = co_await stream_.read_some(state_.read_buffer, deadline);
    if (!count || *count == 0) break;
    discarded += *count;
  }
}

}  // namespace

asio::awaitable<void> serve_http1(ListenerState& state, Stream& stream, const Peer& peer) {
  Http1Connection connection(state, stream, peer);
  co_await connection.serve();
}

}  // namespace reveille::http
