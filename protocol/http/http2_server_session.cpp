#include "protocol/http/http2_server_session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "protocol/http/body_room.h"
#include "protocol/http/nghttp2_handles.h"

namespace reveille::http {
namespace {

using StreamId = Http2ServerSession::StreamId;

// Above so many times the limit a header list is not worth an answer.
constexpr std::size_t header_list_reset_factor = 4;
constexpr const char* retry_after_seconds = "60";
constexpr std::size_t header_overhead_bytes = 32;  // RFC 9113 section 6.5.2
constexpr std::int32_t default_window_bytes = 65'535;

// One stream: taken when its HEADERS begin, released when nghttp2 closes it, since until then
// nghttp2 reads the response out of it.
struct Stream {
  bool in_use = false;
  bool counted = false;           // one of open_streams()
  bool announced = false;         // on_request was called, on_stream_closed is due
  bool headers_done = false;      // what follows are trailers
  bool request_complete = false;  // the peer's END_STREAM arrived
  bool headers_oversized = false;
  bool refused = false;       // answered by us for a limit; what still arrives is dropped
  bool above_goaway = false;  // above the last id of our GOAWAY: closed when it is sent
  bool reset_by_owner = false;
  bool answered = false;
  bool answer_written = false;

  StreamId id = 0;
  Request request;
  BodyRoom room;
  std::size_t header_list_bytes = 0;
  bool head = false;
  Response response;
  std::size_t body_written = 0;
};

ssize_t read_body(nghttp2_session*, StreamId, std::uint8_t* buffer, std::size_t count,
                  std::uint32_t* flags, nghttp2_data_source* source, void*) {
  Stream& stream = *static_cast<Stream*>(source->ptr);
  const Bytes& body = stream.response.body;
  const std::size_t taken = std::min(count, body.size() - stream.body_written);
  std::memcpy(buffer, body.data() + stream.body_written, taken);
  stream.body_written += taken;
  if (stream.body_written == body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(taken);
}

void take_header(Request& request, std::string_view name, std::string_view value) {
  if (name == ":method") {
    request.method = value;
  } else if (name == ":path") {
    request.target = value;
  } else if (name == ":authority") {
    request.authority = value;
  } else if (!name.starts_with(':')) {
    if (name == "host" && request.authority.empty()) request.authority = value;
    request.headers.push_back({std::string(name), std::string(value)});
  }
}

// 0 when nothing is announced.
std::uint64_t announced_length(const Request& request) {
  const auto length = request.header("content-length");
  if (!length) return 0;
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(length->data(), length->data() + length->size(), bytes);
  const bool overflows = error == std::errc::result_out_of_range;
  return overflows ? std::numeric_limits<std::uint64_t>::max() : bytes;
}

// Belong to one hop of HTTP/1.1; RFC 9113 section 8.2.2 forbids them here.
bool is_connection_header(std::string_view name) {
  constexpr std::array<std::string_view, 5> names = {"connection", "keep-alive", "proxy-connection",
                                                     "transfer-encoding", "upgrade"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

void make_lower_case(std::string& name) {
  for (char& letter : name) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
}

}  // namespace

struct Http2ServerSession::State {
  State(Events& events_to_call, const Http2ServerLimits& chosen, std::shared_ptr<BodyBudget> budget)
      : events(events_to_call), limits(chosen), bodies(std::move(budget)) {}

  Events& events;
  const Http2ServerLimits limits;
  const std::shared_ptr<BodyBudget> bodies;
  SlotTable<Stream> streams;
  std::size_t open = 0;
  std::size_t unfinished_bytes = 0;  // of the bodies in `streams`
  std::vector<nghttp2_nv> name_values;  // of the response being submitted
  std::uint32_t provoked_frames = 0;
  std::optional<StreamId> goaway_last_stream;
  bool flooded = false;  // provoked_frames_max was passed
  bool over = false;     // a connection error, or abandoned
  bool inside = false;   // within receive() or produce()
  // Declared after the streams: nghttp2 points into them as long as it lives.
  SessionHandle session;

  void open_session();
  auto place_finder() {
    return [this](const Request& head) { return events.find_place(head); };
  }
  Stream* stream_of(StreamId id) const;
  void answer(Stream& stream);
  Request take_request(Stream& stream);
  void take_head(Stream& stream);
  void refuse(Stream& stream, int status);
  void count_provocation();
  void end(std::uint32_t error_code);
  void close_all();

  // nghttp2's callbacks; `user` is the State.
  static int on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* header, void* user);
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_bytes, const std::uint8_t* value, std::size_t value_bytes,
                       std::uint8_t flags, void* user);
  static int on_data(nghttp2_session*, std::uint8_t flags, StreamId id, const std::uint8_t* bytes,
                     std::size_t count, void* user);
  static int on_frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_stream_closed(nghttp2_session*, StreamId id, std::uint32_t error_code, void* user);
  static int before_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user);
  void on_request_frame(Stream& stream, const nghttp2_frame& frame);
};

void Http2ServerSession::State::open_session() {
  const CallbacksHandle callbacks = make_callbacks();
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks.get(), on_begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks.get(), on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks.get(), on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks.get(), on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks.get(), on_frame_received);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks.get(), on_stream_closed);
  nghttp2_session_callbacks_set_before_frame_send_callback(callbacks.get(), before_frame_sent);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks.get(), on_frame_sent);

  const OptionHandle option = make_option();
  nghttp2_option_set_no_closed_streams(option.get(), 1);
  // Above our own limit, so that ours decides while the peer reads what we send.
  nghttp2_option_set_max_outbound_ack(option.get(), limits.provoked_frames_max + 100);

  nghttp2_session* opened = nullptr;
  ensure(nghttp2_session_server_new2(&opened, callbacks.get(), this, option.get()) == 0,
         "nghttp2 has memory");
  session.reset(opened);

  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrent_streams_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.initial_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<std::uint32_t>(limits.header_list_bytes_max)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  ensure(
      nghttp2_submit_settings(session.get(), NGHTTP2_FLAG_NONE, settings, std::size(settings)) == 0,
      "the limits are valid settings");
  nghttp2_session_set_local_window_size(
      session.get(), NGHTTP2_FLAG_NONE, 0,
      std::max(default_window_bytes, static_cast<std::int32_t>(limits.initial_window_bytes)));
}

Stream* Http2ServerSession::State::stream_of(StreamId id) const {
  return static_cast<Stream*>(nghttp2_session_get_stream_user_data(session.get(), id));
}

// Hands stream.response to nghttp2, which reads it in place.
void Http2ServerSession::State::answer(Stream& stream) {
  stream.answered = true;
  Response& response = stream.response;
  ensure(response.status >= 200 && response.status <= 599, "a response has a final status");
  const bool bodiless = response.status == 204 || response.status == 304;
  const bool sends_body = !bodiless && !stream.head && !response.body.empty();
  const std::string status = std::to_string(response.status);
  const std::string length = std::to_string(response.body.size());

  name_values.clear();
  name_values.push_back(name_value(":status", status, NGHTTP2_NV_FLAG_NONE));
  for (Header& header : response.headers) {
    make_lower_case(header.name);
    if (is_connection_header(header.name)) continue;
    // Only to HEAD is the owner's own figure worth more than the body that is here.
    if (header.name == "content-length" && !stream.head) continue;
    name_values.push_back(name_value(header.name, header.value,
                                     NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE));
  }
  if (!bodiless && !stream.head) {
    name_values.push_back(name_value("content-length", length, NGHTTP2_NV_FLAG_NONE));
  }

  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = read_body;
  const int error = nghttp2_submit_response(session.get(), stream.id, name_values.data(),
                                            name_values.size(), sends_body ? &provider : nullptr);
  ensure(error == 0, "nghttp2 takes one response a stream");
}

Request Http2ServerSession::State::take_request(Stream& stream) {
  unfinished_bytes -= stream.request.body.size();
  return std::exchange(stream.request, {});
}

// Answered at once when the body that it announces is too long.
void Http2ServerSession::State::take_head(Stream& stream) {
  stream.head = stream.request.method == "HEAD";
  stream.room = BodyRoom(std::min(limits.body_bytes_max, events.body_bytes_max(stream.request)));
  stream.request.share = BodyShare(bodies);
  const int refusal =
      stream.room.announce(stream.request, announced_length(stream.request), place_finder());
  if (refusal != 0) refuse(stream, refusal);
}

// An answer for a request that passes a limit; once written, on_frame_sent resets what still comes.
void Http2ServerSession::State::refuse(Stream& stream, int status) {
  stream.refused = true;
  take_request(stream);
  stream.response = Response{.status = status, .headers = {}, .body = {}};
  if (status == 503) stream.response.headers.push_back({"retry-after", retry_after_seconds});
  answer(stream);
  count_provocation();
}

void Http2ServerSession::State::count_provocation() {
  if (flooded || ++provoked_frames <= limits.provoked_frames_max) return;
  flooded = true;
  nghttp2_session_terminate_session(session.get(), NGHTTP2_ENHANCE_YOUR_CALM);
}

void Http2ServerSession::State::end(std::uint32_t error_code) {
  nghttp2_session_terminate_session(session.get(), error_code);
  close_all();
}

void Http2ServerSession::State::close_all() {
  over = true;
  open = 0;
  auto closing = streams.select([](const Stream& stream) { return stream.counted; });
  std::sort(closing.begin(), closing.end(),
            [](const Stream* left, const Stream* right) { return left->id < right->id; });
  for (Stream* stream : closing) stream->counted = false;
  for (Stream* stream : closing) {
    if (std::exchange(stream->announced, false)) events.on_stream_closed(stream->id, true);
  }
}

int Http2ServerSession::State::on_begin_frame(nghttp2_session*, const nghttp2_frame_hd* header,
                                              void* user) {
  State& state = *static_cast<State*>(user);
  const bool acknowledges = (header->flags & NGHTTP2_FLAG_ACK) != 0;
  switch (header->type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:  // an empty one counts in on_frame_received, where its padding is known
    case NGHTTP2_WINDOW_UPDATE:  // a long download needs many
      break;
    case NGHTTP2_SETTINGS:
      if (!acknowledges) state.count_provocation();
      break;
    default:
      state.count_provocation();
  }
  return 0;
}

int Http2ServerSession::State::on_begin_headers(nghttp2_session* session,
                                                const nghttp2_frame* frame, void* user) {
  State& state = *static_cast<State*>(user);
  if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  Stream& stream = state.streams.take();
  stream.id = frame->hd.stream_id;
  stream.counted = true;
  stream.above_goaway = state.goaway_last_stream && stream.id > *state.goaway_last_stream;
  nghttp2_session_set_stream_user_data(session, stream.id, &stream);
  ++state.open;
  return 0;
}

int Http2ServerSession::State::on_header(nghttp2_session*, const nghttp2_frame* frame,
                                         const std::uint8_t* name, std::size_t name_bytes,
                                         const std::uint8_t* value, std::size_t value_bytes,
                                         std::uint8_t, void* user) {
  State& state = *static_cast<State*>(user);
  Stream* stream = state.stream_of(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  stream->header_list_bytes += name_bytes + value_bytes + header_overhead_bytes;
  if (stream->header_list_bytes > state.limits.header_list_bytes_max) {
    stream->headers_oversized = true;
    stream->request.headers = {};
    // nghttp2 resets the stream; the rest of the block is decoded for HPACK's sake, no more.
    const bool hopeless =
        stream->header_list_bytes / header_list_reset_factor > state.limits.header_list_bytes_max;
    return hopeless ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
  }
  if (!stream->headers_done) {
    take_header(stream->request, text_of(name, name_bytes), text_of(value, value_bytes));
  }
  return 0;
}

int Http2ServerSession::State::on_data(nghttp2_session*, std::uint8_t, StreamId id,
                                       const std::uint8_t* bytes, std::size_t count, void* user) {
  State& state = *static_cast<State*>(user);
  Stream* stream = state.stream_of(id);
  if (stream == nullptr || stream->refused || stream->above_goaway) return 0;
  const Bytes& body = stream->request.body;
  const std::size_t before = body.size();
  int refusal = stream->room.take(stream->request, text_of(bytes, count), state.place_finder());
  state.unfinished_bytes = state.unfinished_bytes - before + body.size();
  if (state.unfinished_bytes > state.limits.unfinished_bytes_max) refusal = 503;
  if (refusal != 0) state.refuse(*stream, refusal);
  return 0;
}

int Http2ServerSession::State::on_frame_received(nghttp2_session*, const nghttp2_frame* frame,
                                                 void* user) {
  State& state = *static_cast<State*>(user);
  if (frame->hd.type == NGHTTP2_GOAWAY) {
    state.events.on_goaway(frame->goaway.error_code);
    return 0;
  }
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  const bool empty_data = frame->hd.type == NGHTTP2_DATA && frame->hd.length <= frame->data.padlen;
  if (empty_data && !ends_stream(*frame)) state.count_provocation();
  Stream* stream = state.stream_of(frame->hd.stream_id);
  if (stream != nullptr && !state.flooded) state.on_request_frame(*stream, *frame);
  return 0;
}

// A whole header block, or a DATA frame, of a request has arrived.
void Http2ServerSession::State::on_request_frame(Stream& stream, const nghttp2_frame& frame) {
  stream.request_complete = ends_stream(frame);
  const bool first_headers = !std::exchange(stream.headers_done, true);
  if (stream.refused || stream.above_goaway) return;

  if (stream.headers_oversized) return refuse(stream, 431);
  if (first_headers) take_head(stream);
  if (stream.refused || !stream.request_complete) return;
  stream.announced = true;
  events.on_request(stream.id, take_request(stream));
}

int Http2ServerSession::State::on_stream_closed(nghttp2_session*, StreamId id, std::uint32_t,
                                                void* user) {
  State& state = *static_cast<State*>(user);
  Stream* closed = state.stream_of(id);
  if (closed == nullptr) return 0;
  const bool announced = closed->announced;
  const bool answer_written = closed->answer_written;
  if (closed->counted) --state.open;
  state.take_request(*closed);
  *closed = Stream{};
  state.streams.release(*closed);

  if (!announced) return 0;
  if (answer_written) state.provoked_frames = 0;
  state.events.on_stream_closed(id, !answer_written);
  return 0;
}

int Http2ServerSession::State::before_frame_sent(nghttp2_session*, const nghttp2_frame* frame,
                                                 void* user) {
  // A peer can make us reset streams as fast as it can reset them itself (CVE-2025-8671), so what
  // nghttp2 resets by itself counts like that.
  if (frame->hd.type != NGHTTP2_RST_STREAM) return 0;
  State& state = *static_cast<State*>(user);
  const Stream* stream = state.stream_of(frame->hd.stream_id);
  const bool ours =
      stream != nullptr && (stream->reset_by_owner || stream->refused || stream->above_goaway);
  if (!ours) state.count_provocation();
  return 0;
}

int Http2ServerSession::State::on_frame_sent(nghttp2_session* session, const nghttp2_frame* frame,
                                             void* user) {
  if (!ends_stream(*frame)) return 0;
  Stream* stream = static_cast<State*>(user)->stream_of(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  stream->answer_written = true;
  // RFC 9113 section 8.1: after a whole response, NO_ERROR asks the peer to stop its request. Not
  // earlier: a queued RST_STREAM would overtake the response.
  if (!stream->request_complete) {
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR);
  }
  return 0;
}

Http2ServerSession::Http2ServerSession(Events& events, const Http2ServerLimits& limits,
                                       std::shared_ptr<BodyBudget> bodies)
    : state_(std::make_unique<State>(events, limits, std::move(bodies))) {
  state_->open_session();
}

Http2ServerSession::~Http2ServerSession() = default;

Result<void> Http2ServerSession::receive(BytesView bytes) {
  ensure(!state_->inside, "no event calls receive()");
  if (state_->over) return failure(ErrorCode::malformed, "the HTTP/2 session is over");
  state_->inside = true;
  const ssize_t count =
      nghttp2_session_mem_recv(state_->session.get(), bytes_of(bytes), bytes.size());
  state_->inside = false;

  if (count < 0) {
    const bool flood = count == NGHTTP2_ERR_FLOODED || count == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS;
    state_->end(flood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
    return failure(ErrorCode::malformed, nghttp2_strerror(static_cast<int>(count)));
  }
  if (state_->flooded) {
    state_->close_all();
    return failure(ErrorCode::malformed, "the peer floods the connection");
  }
  return {};
}

std::size_t Http2ServerSession::produce(Bytes& output, std::size_t bytes_max) {
  ensure(!state_->inside, "no event calls produce()");
  const std::size_t begin = output.size();
  state_->inside = true;
  const bool well = serialise(state_->session.get(), output, bytes_max);
  state_->inside = false;
  // nghttp2 stops reading when its GOAWAY for an error has been written, or ours with no stream
  // left: either way nothing more will come of the streams.
  if (!state_->over && (!well || nghttp2_session_want_read(state_->session.get()) == 0)) {
    state_->close_all();
  }
  return output.size() - begin;
}

void Http2ServerSession::respond(StreamId stream, Response response) {
  Stream* found = state_->over ? nullptr : state_->stream_of(stream);
  if (found == nullptr || found->above_goaway || found->reset_by_owner) return;
  ensure(found->announced && !found->answered, "a request is answered once");
  found->response = std::move(response);
  state_->answer(*found);
}

void Http2ServerSession::reset(StreamId stream, std::uint32_t error_code) {
  Stream* found = state_->over ? nullptr : state_->stream_of(stream);
  if (found == nullptr) return;
  found->reset_by_owner = true;
  nghttp2_submit_rst_stream(state_->session.get(), NGHTTP2_FLAG_NONE, stream, error_code);
}

void Http2ServerSession::go_away(std::uint32_t error_code, BytesView debug_data,
                                 std::optional<StreamId> last_stream) {
  StreamId last = nghttp2_session_get_last_proc_stream_id(state_->session.get());
  if (last_stream) last = std::min(last, *last_stream);
  if (last > 0 && last % 2 == 0) --last;  // the peer's ids are odd
  if (state_->goaway_last_stream) last = std::min(last, *state_->goaway_last_stream);
  state_->goaway_last_stream = last;
  const auto above = [last](const Stream& stream) { return stream.id > last; };
  for (Stream* stream : state_->streams.select(above)) {
    stream->above_goaway = true;
    // nghttp2 closes these when the GOAWAY is sent, but an answer in its queue would leave first.
    if (stream->answered) {
      nghttp2_submit_rst_stream(state_->session.get(), NGHTTP2_FLAG_NONE, stream->id,
                                NGHTTP2_REFUSED_STREAM);
    }
  }
  nghttp2_submit_goaway(state_->session.get(), NGHTTP2_FLAG_NONE, last, error_code,
                        bytes_of(debug_data), debug_data.size());
}

void Http2ServerSession::change_concurrent_streams_max(std::uint32_t value) {
  const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, value};
  nghttp2_submit_settings(state_->session.get(), NGHTTP2_FLAG_NONE, &entry, 1);
}

void Http2ServerSession::abandon() {
  if (!state_->over) state_->close_all();
}

bool Http2ServerSession::finished() const {
  return state_->over || nghttp2_session_want_read(state_->session.get()) == 0;
}

std::size_t Http2ServerSession::open_streams() const { return state_->open; }

}  // namespace reveille::http
