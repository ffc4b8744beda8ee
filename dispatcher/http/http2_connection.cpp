#include "dispatcher/http/http2_connection.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>
#include <vector>

#include "dispatcher/http/body_source.h"
#include "dispatcher/http/response_head.h"
#include "protocol/http/http2_server_session.h"

namespace reveille::http {
namespace {

namespace asio = boost::asio;
using Deadline = Stream::Deadline;
using StreamId = Http2ServerSession::StreamId;
using std::chrono::steady_clock;

// As much is gathered into one write.
constexpr std::size_t write_bytes = 64 * 1024;
// What an output buffer may keep while nothing is written.
constexpr std::size_t idle_buffer_bytes_max = 1024;
// Less is frames that a peer provokes by itself, not an answer on its way.
constexpr std::size_t progress_bytes_min = 1024;
constexpr std::uint32_t no_error = 0;
constexpr std::uint32_t refused_stream = 7;

// Three kinds of coroutines own it together: the one that reads, the one that writes while there
// is something to write, and one for each handler at work, which may outlive the connection.
class Http2Connection final : public Connection,
                              private Http2ServerSession::Events,
                              public std::enable_shared_from_this<Http2Connection> {
 public:
  Http2Connection(std::shared_ptr<ListenerState> state, std::unique_ptr<Stream> stream, Peer peer)
      : state_(std::move(state)),
        stream_(std::move(stream)),
        peer_(std::move(peer)),
        session_(*this, limits_of(state_->options), state_->bodies),
        registration_(*state_, *this) {}

  asio::awaitable<void> read();

  void drain() override {
    session_.go_away(no_error);
    start_writing();
  }
  void close() override { stream_->close(); }

 private:
  using Shared = std::shared_ptr<Http2Connection>;

  struct Waiting {  // an answer that is not written yet
    StreamId stream;
    std::size_t bytes;
  };

  static Http2ServerLimits limits_of(const ListenerOptions& options) {
    Http2ServerLimits limits = options.http2;
    limits.header_list_bytes_max = std::min(limits.header_list_bytes_max, options.head_bytes_max);
    limits.body_bytes_max = std::min(limits.body_bytes_max, options.body_bytes_max);
    return limits;
  }

  std::size_t body_bytes_max(const Request& head) const override {
    return state_->handler.body_bytes_max(head, peer_);
  }
  LongBodyPlace find_place(const Request& head) override {
    return state_->handler.find_place(head, peer_);
  }
  void on_request(StreamId stream, Request request) override;
  void on_stream_closed(StreamId stream, bool cancelled) override;

  bool has_too_much_to_do() const;
  void start_handlers();
  static asio::awaitable<void> handle(Shared self, StreamId stream, Request request);
  static asio::awaitable<Response> gathered(Response response);
  void on_handler_end(const std::exception_ptr& exception);
  void respond(StreamId stream, Response response);
  void note_arrivals();
  Deadline patience() const;
  void write_soon();
  void start_writing();
  static asio::awaitable<void> write(Shared self);
  void on_written();
  void take(BytesView bytes);
  void linger();

  const std::shared_ptr<ListenerState> state_;
  const std::unique_ptr<Stream> stream_;
  const Peer peer_;
  Http2ServerSession session_;
  std::vector<std::pair<StreamId, Request>> arrived_;  // within one receive()
  std::size_t announced_ = 0;                          // open streams whose request is whole
  std::size_t handlers_ = 0;                           // at work
  std::vector<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  Deadline last_request_ = steady_clock::now();   // its beginning or end: idle since then
  Deadline incomplete_since_ = Deadline::max();   // requests are arriving, none has come whole
  Deadline last_progress_ = steady_clock::now();  // of answers on their way out
  Bytes output_;
  bool writing_ = false;
  bool write_posted_ = false;
  bool starting_handlers_ = false;
  bool ended_ = false;  // our last byte is written; what still arrives is dropped
  std::unique_ptr<asio::steady_timer> linger_;
  const Registration registration_;
};

asio::awaitable<void> Http2Connection::read() {
  start_writing();  // our SETTINGS
  for (;;) {
    const Deadline deadline = patience();
    Result<std::size_t> size = co_await stream_->read_some(state_->read_buffer, deadline);
    if (!size) {
      const Deadline now = steady_clock::now();
      if (now < deadline) break;
      if (now < patience()) continue;  // handlers are at work, or there was news meanwhile
      session_.go_away(no_error);
      start_writing();
      if (!ended_) break;  // a stream is stuck
      continue;
    }
    if (*size == 0) break;
    if (!ended_) take(BytesView(state_->read_buffer).substr(0, *size));
  }
  stream_->close();
  linger_.reset();
  session_.abandon();
}

void Http2Connection::take(BytesView bytes) {
  const Result<void> received = session_.receive(bytes);
  if (!received) {
    count(state_->counters.requests_malformed);
    state_->log.debug("HTTP/2 connection ended",
                      {{"peer", peer_.address}, {"reason", received.error().detail}});
  }
  note_arrivals();
  start_handlers();
  start_writing();
}

// Everything is written and nothing will follow: the peer may still be sending.
void Http2Connection::linger() {
  ended_ = true;
  stream_->end_writing();
  linger_ = std::make_unique<asio::steady_timer>(state_->lane, linger_time);
  linger_->async_wait([connection = weak_from_this()](const boost::system::error_code& error) {
    if (error) return;
    if (const Shared self = connection.lock()) self->stream_->close();
  });
}

void Http2Connection::on_request(StreamId stream, Request request) {
  ++announced_;
  incomplete_since_ = Deadline::max();
  last_request_ = steady_clock::now();
  // The peer may send it again, here or elsewhere: nobody has looked at it.
  if (has_too_much_to_do()) return session_.reset(stream, refused_stream);
  arrived_.emplace_back(stream, std::move(request));
}

bool Http2Connection::has_too_much_to_do() const {
  // Handlers of streams that were reset work on, so open streams alone would be no bound.
  return handlers_ + arrived_.size() >=
             2 * std::size_t{state_->options.http2.concurrent_streams_max} ||
         waiting_bytes_ > state_->options.answers_waiting_bytes_max;
}

void Http2Connection::on_stream_closed(StreamId stream, bool) {
  --announced_;
  last_request_ = steady_clock::now();
  std::erase_if(arrived_, [stream](const auto& arrived) { return arrived.first == stream; });
  const auto found =
      std::find_if(waiting_.begin(), waiting_.end(),
                   [stream](const Waiting& answer) { return answer.stream == stream; });
  if (found == waiting_.end()) return;
  last_progress_ = last_request_;
  waiting_bytes_ -= found->bytes;
  *found = waiting_.back();
  waiting_.pop_back();
}

void Http2Connection::note_arrivals() {
  if (session_.open_streams() <= announced_) {
    incomplete_since_ = Deadline::max();
  } else if (incomplete_since_ == Deadline::max()) {
    incomplete_since_ = steady_clock::now();
  }
}

// Until when to wait for the peer's next bytes. While streams are open it looks again every
// write_timeout, since an answer may have got stuck behind the peer's window meanwhile.
Deadline Http2Connection::patience() const {
  const ListenerOptions& options = state_->options;
  if (ended_) return Deadline::max();  // linger_ ends it
  if (session_.open_streams() == 0) return last_request_ + options.idle_timeout;
  Deadline deadline = steady_clock::now() + options.write_timeout;
  if (incomplete_since_ != Deadline::max()) {
    deadline = std::min(deadline, incomplete_since_ + options.request_timeout);
  }
  if (!waiting_.empty() && !writing_) {
    deadline = std::min(deadline, last_progress_ + options.write_timeout);
  }
  return deadline;
}

// Those that answer without waiting do so before the next write, which takes all of them along.
void Http2Connection::start_handlers() {
  starting_handlers_ = true;
  for (auto& [stream, request] : std::exchange(arrived_, {})) {
    count(state_->counters.requests);
    ++handlers_;
    asio::co_spawn(state_->lane, handle(shared_from_this(), stream, std::move(request)),
                   [self = shared_from_this()](const std::exception_ptr& exception) {
                     self->on_handler_end(exception);
                   });
  }
  starting_handlers_ = false;
}

asio::awaitable<void> Http2Connection::handle(Shared self, StreamId stream, Request request) {
  Response response = co_await self->state_->handler.handle(std::move(request), self->peer_);
  if (response.source) response = co_await gathered(std::move(response));
  self->respond(stream, std::move(response));
}

asio::awaitable<Response> Http2Connection::gathered(Response response) {
  const std::shared_ptr<BodySource> source = std::move(response.source);
  while (response.body.size() < source->bytes()) {
    const Result<Bytes> part = co_await source->next();
    if (!part || part->empty()) {
      Response failure{.status = 500, .headers = {}, .body = {}};
      co_return failure;
    }
    response.body += *part;
  }
  co_return response;
}

void Http2Connection::on_handler_end(const std::exception_ptr& exception) {
  --handlers_;
  if (!exception) return;
  log_exception(state_->log, peer_.address, exception);
  stream_->close();
}

void Http2Connection::respond(StreamId stream, Response response) {
  if (!is_sendable(response)) {
    state_->log.error("response with a line break in a header", {{"peer", peer_.address}});
    response = Response{.status = 500, .headers = {}, .body = {}};
  }
  const std::size_t bytes = response.body.size();
  if (waiting_.empty()) last_progress_ = steady_clock::now();
  waiting_.push_back({stream, bytes});
  waiting_bytes_ += bytes;
  session_.respond(stream, std::move(response));
  if (!starting_handlers_) write_soon();
}

// Handlers that were woken together answer one after the other: the write is posted behind them.
void Http2Connection::write_soon() {
  if (writing_ || std::exchange(write_posted_, true)) return;
  asio::post(state_->lane, [self = shared_from_this()] {
    self->write_posted_ = false;
    self->start_writing();
  });
}

void Http2Connection::start_writing() {
  if (writing_) return;
  if (session_.produce(output_, write_bytes) == 0) return on_written();
  writing_ = true;
  asio::co_spawn(state_->lane, write(shared_from_this()),
                 [self = shared_from_this()](const std::exception_ptr& exception) {
                   if (!exception) return;
                   log_exception(self->state_->log, self->peer_.address, exception);
                   self->stream_->close();
                 });
}

asio::awaitable<void> Http2Connection::write(Shared self) {
  do {
    const Deadline deadline = steady_clock::now() + self->state_->options.write_timeout;
    Result<void> written = co_await self->stream_->write(self->output_, deadline);
    if (!written) {
      self->stream_->close();  // the reader ends with it
      break;
    }
    if (self->output_.size() >= progress_bytes_min) self->last_progress_ = steady_clock::now();
    self->output_.clear();
  } while (self->session_.produce(self->output_, write_bytes) != 0);
  // Here, not when the coroutine has ended: what is answered in between starts a write of its own.
  self->writing_ = false;
  self->on_written();
}

void Http2Connection::on_written() {
  if (output_.capacity() > idle_buffer_bytes_max) output_ = Bytes();
  if (session_.finished() && !ended_) linger();
}

}  // namespace

asio::awaitable<void> serve_http2(std::shared_ptr<ListenerState> state,
                                  std::unique_ptr<Stream> stream, Peer peer) {
  const auto connection =
      std::make_shared<Http2Connection>(std::move(state), std::move(stream), std::move(peer));
  co_await connection->read();
}

}  // namespace reveille::http
