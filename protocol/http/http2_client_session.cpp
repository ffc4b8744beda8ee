#include "protocol/http/http2_client_session.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>
#include <vector>

#include "protocol/http/nghttp2_handles.h"
#include "protocol/http/nghttp2_memory.h"

namespace reveille::http {
namespace {

using Tag = Http2ClientSession::Tag;

constexpr std::uint32_t stream_window_bytes = 1u << 20;
constexpr std::int32_t connection_window_bytes = 16 << 20;
// A slot gives back what one large request made it hold.
constexpr std::size_t kept_buffer_bytes_max = 64 * 1024;

// The header fields and the body of a response, in buffers that are used again and again.
struct ResponseBuffer {
  struct Extent {
    std::size_t name_bytes;
    std::size_t value_bytes;
  };
  int status = 0;
  std::string header_text;  // names and values, one after the other
  std::vector<Extent> headers;
  Bytes body;

  void clear() {
    status = 0;
    header_text.clear();
    headers.clear();
    body.clear();
    if (header_text.capacity() > kept_buffer_bytes_max) header_text.shrink_to_fit();
    if (body.capacity() > kept_buffer_bytes_max) body.shrink_to_fit();
  }
};

// One request: taken at submit(), released when nghttp2 closes the stream, since until then
// nghttp2 reads its buffers. Settled comes earlier for a request that was cancelled or refused.
struct Slot {
  bool in_use = false;
  bool settled = false;   // its event was given, or none is due
  bool sent = false;      // its HEADERS left: the peer may process it
  bool complete = false;  // the peer's END_STREAM arrived
  bool oversized = false;
  bool final_headers = false;  // what follows are trailers

  Tag tag = 0;
  std::int32_t stream = 0;

  std::string header_bytes;  // names and values, one after the other
  Bytes body;
  std::size_t body_sent = 0;

  ResponseBuffer response;
  std::size_t response_bytes = 0;
};

void forget_contents(Slot& slot) {
  slot.settled = slot.sent = slot.complete = slot.oversized = slot.final_headers = false;
  slot.header_bytes.clear();
  slot.body.clear();
  if (slot.header_bytes.capacity() > kept_buffer_bytes_max) slot.header_bytes.shrink_to_fit();
  if (slot.body.capacity() > kept_buffer_bytes_max) slot.body.shrink_to_fit();
  slot.body_sent = 0;
  if (slot.response.status != 0 || !slot.response.body.empty()) slot.response.clear();
  slot.response_bytes = 0;
}

ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* buffer, std::size_t count,
                  std::uint32_t* flags, nghttp2_data_source* source, void*) {
  Slot& slot = *static_cast<Slot*>(source->ptr);
  const std::size_t taken = std::min(count, slot.body.size() - slot.body_sent);
  std::memcpy(buffer, slot.body.data() + slot.body_sent, taken);
  slot.body_sent += taken;
  if (slot.body_sent == slot.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(taken);
}

}  // namespace

struct Http2ClientSession::State {
  State(Events& events_to_call, const Http2ClientOptions& chosen)
      : events(events_to_call), options(chosen) {}

  Events& events;
  const Http2ClientOptions options;
  SlotTable<Slot> slots;
  std::vector<nghttp2_nv> name_values;  // of the request being submitted
  std::size_t open = 0;                 // requests that are not settled
  bool goaway_received = false;
  bool going_away = false;
  bool over = false;    // a connection error, or abandoned
  bool inside = false;  // within receive() or produce()
  // The stream whose header block arrives, since no other frame comes between its fields.
  std::int32_t current_stream = 0;
  Slot* current_slot = nullptr;
  // Its fields are collected here, where they are in the processor's cache, and go to its slot only
  // when the stream goes on after them: a push's usual answer is a header block and no more.
  ResponseBuffer arriving;
  bool arriving_ends_stream = false;
  ResponseBuffer delivered;  // the response of the event that runs
  std::vector<ResponseView::Header> delivered_headers;
  Nghttp2Memory memory;
  // Declared last: nghttp2 uses the memory and points into the slots as long as it lives.
  SessionHandle session;

  void open_session();
  bool new_streams_allowed() const;
  std::uint32_t ids_left() const;
  std::size_t capacity() const;
  Slot* slot_of(std::int32_t stream) const;
  void keep_arriving(Slot& slot);
  ResponseView view_of_delivered();
  void settle(Slot& slot);
  void fail(Slot& slot, StreamFailure failure);
  template <typename Predicate>
  void fail_all(StreamFailure failure, Predicate&& predicate);

  // nghttp2's callbacks; `user` is the State.
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_bytes, const std::uint8_t* value, std::size_t value_bytes,
                       std::uint8_t flags, void* user);
  static int on_data(nghttp2_session*, std::uint8_t flags, std::int32_t stream,
                     const std::uint8_t* bytes, std::size_t count, void* user);
  static int on_frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user);
  static int on_stream_closed(nghttp2_session*, std::int32_t stream, std::uint32_t error_code,
                              void* user);
  static int before_frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user);
  void on_header_block_end(std::int32_t stream, const nghttp2_frame& frame);
  void on_stream_end(Slot& slot);
  void on_goaway(const nghttp2_goaway& goaway);
};

void Http2ClientSession::State::open_session() {
  const CallbacksHandle callbacks = make_callbacks();
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks.get(), on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks.get(), on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks.get(), on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks.get(), on_frame_received);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks.get(), on_stream_closed);
  nghttp2_session_callbacks_set_before_frame_send_callback(callbacks.get(), before_frame_sent);

  const OptionHandle option = make_option();
  nghttp2_option_set_peer_max_concurrent_streams(option.get(), options.streams_before_settings);
  // Until the peer has acknowledged that we want no pushes.
  nghttp2_option_set_max_reserved_remote_streams(option.get(), 0);

  nghttp2_session* opened = nullptr;
  ensure(nghttp2_session_client_new3(&opened, callbacks.get(), this, option.get(),
                                     memory.functions()) == 0,
         "nghttp2 has memory");
  session.reset(opened);
  ensure(nghttp2_session_set_next_stream_id(opened, options.first_stream_id) == 0,
         "a client's stream ids are odd");

  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window_bytes},
  };
  nghttp2_submit_settings(session.get(), NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(session.get(), NGHTTP2_FLAG_NONE, 0,
                                        connection_window_bytes);
}

bool Http2ClientSession::State::new_streams_allowed() const {
  // nghttp2 knows of a GOAWAY, of its own connection errors, and of stream ids that have run out.
  return !over && !going_away && nghttp2_session_check_request_allowed(session.get()) != 0;
}

std::uint32_t Http2ClientSession::State::ids_left() const {
  const std::uint32_t next = nghttp2_session_get_next_stream_id(session.get());
  return next > INT32_MAX ? 0 : (INT32_MAX - next) / 2 + 1;
}

std::size_t Http2ClientSession::State::capacity() const {
  if (!new_streams_allowed()) return 0;
  const std::size_t allowed = std::min(
      options.streams_max,
      nghttp2_session_get_remote_settings(session.get(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS));
  // Slots, not open requests: a cancelled one counts for the peer until its RST_STREAM has left.
  const std::size_t room = allowed > slots.in_use() ? allowed - slots.in_use() : 0;
  return std::min<std::size_t>(room, ids_left());
}

Slot* Http2ClientSession::State::slot_of(std::int32_t stream) const {
  if (stream == current_stream && current_slot != nullptr) return current_slot;
  return static_cast<Slot*>(nghttp2_session_get_stream_user_data(session.get(), stream));
}

ResponseView Http2ClientSession::State::view_of_delivered() {
  delivered_headers.clear();
  std::string_view text = delivered.header_text;
  for (const ResponseBuffer::Extent& extent : delivered.headers) {
    delivered_headers.push_back({text.substr(0, extent.name_bytes),
                                 text.substr(extent.name_bytes, extent.value_bytes)});
    text.remove_prefix(extent.name_bytes + extent.value_bytes);
  }
  return {delivered.status, delivered_headers, delivered.body};
}

void Http2ClientSession::State::settle(Slot& slot) {
  slot.settled = true;
  --open;
}

void Http2ClientSession::State::fail(Slot& slot, StreamFailure failure) {
  settle(slot);
  events.on_failure(slot.tag, failure);
}

// In the order of submission, so that a caller who submits them again keeps it.
template <typename Predicate>
void Http2ClientSession::State::fail_all(StreamFailure failure, Predicate&& predicate) {
  auto failing = slots.select(predicate);
  std::sort(failing.begin(), failing.end(),
            [](const Slot* left, const Slot* right) { return left->stream < right->stream; });
  for (Slot* slot : failing) {
    if (!slot->settled) fail(*slot, failure);  // an event may have cancelled a later one
  }
}

int Http2ClientSession::State::on_begin_headers(nghttp2_session*, const nghttp2_frame* frame,
                                                void* user) {
  State& state = *static_cast<State*>(user);
  Slot* slot = state.slot_of(frame->hd.stream_id);
  if (slot == nullptr || frame->hd.type != NGHTTP2_HEADERS) return 0;  // no PUSH_PROMISE
  // An answer that came before its request was sent: its stream has not closed yet.
  if (state.arriving_ends_stream && state.current_slot != nullptr) {
    state.keep_arriving(*state.current_slot);
  }
  state.arriving.clear();
  state.arriving_ends_stream = false;
  state.current_stream = frame->hd.stream_id;
  state.current_slot = slot;
  slot->final_headers = slot->response.status >= 200;
  return 0;
}

int Http2ClientSession::State::on_header(nghttp2_session*, const nghttp2_frame* frame,
                                         const std::uint8_t* name, std::size_t name_bytes,
                                         const std::uint8_t* value, std::size_t value_bytes,
                                         std::uint8_t, void* user) {
  State& state = *static_cast<State*>(user);
  Slot* slot = state.slot_of(frame->hd.stream_id);
  if (slot == nullptr || slot->settled || frame->hd.type != NGHTTP2_HEADERS) return 0;
  slot->response_bytes += name_bytes + value_bytes;
  if (slot->response_bytes > state.options.response_bytes_max) {
    slot->oversized = true;
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // nghttp2 resets the stream
  }
  if (slot->final_headers) return 0;

  const std::string_view field = text_of(name, name_bytes);
  const std::string_view content = text_of(value, value_bytes);
  if (field == ":status") {
    std::from_chars(content.data(), content.data() + content.size(), state.arriving.status);
  } else {
    state.arriving.headers.push_back({field.size(), content.size()});
    state.arriving.header_text.append(field).append(content);
  }
  return 0;
}

int Http2ClientSession::State::on_data(nghttp2_session* session, std::uint8_t, std::int32_t stream,
                                       const std::uint8_t* bytes, std::size_t count, void* user) {
  State& state = *static_cast<State*>(user);
  Slot* slot = state.slot_of(stream);
  if (slot == nullptr || slot->settled || slot->oversized) return 0;
  slot->response_bytes += count;
  if (slot->response_bytes > state.options.response_bytes_max) {
    slot->oversized = true;
    slot->response.body = {};
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
    return 0;
  }
  slot->response.body.append(text_of(bytes, count));
  return 0;
}

int Http2ClientSession::State::on_frame_received(nghttp2_session*, const nghttp2_frame* frame,
                                                 void* user) {
  State& state = *static_cast<State*>(user);
  if (frame->hd.type == NGHTTP2_HEADERS) state.on_header_block_end(frame->hd.stream_id, *frame);
  if (ends_stream(*frame)) {
    Slot* slot = state.slot_of(frame->hd.stream_id);
    if (slot != nullptr) state.on_stream_end(*slot);
  } else if (frame->hd.type == NGHTTP2_GOAWAY) {
    state.on_goaway(frame->goaway);
  } else if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
    state.events.on_settings();
  } else if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
    state.events.on_ping_acknowledged();
  }
  return 0;
}

void Http2ClientSession::State::on_header_block_end(std::int32_t stream,
                                                    const nghttp2_frame& frame) {
  if (stream != current_stream || current_slot == nullptr || current_slot->final_headers) return;
  arriving_ends_stream = ends_stream(frame);
  if (!arriving_ends_stream) keep_arriving(*current_slot);
}

void Http2ClientSession::State::keep_arriving(Slot& slot) {
  slot.response.clear();  // the fields of an interim 1xx response
  std::swap(slot.response, arriving);
  arriving_ends_stream = false;
}

void Http2ClientSession::State::on_stream_end(Slot& slot) {
  slot.complete = true;
  // The peer answered early and may never open its window again: the rest of the body is moot.
  if (slot.body_sent < slot.body.size()) {
    nghttp2_submit_rst_stream(session.get(), NGHTTP2_FLAG_NONE, slot.stream, NGHTTP2_CANCEL);
  }
}

void Http2ClientSession::State::on_goaway(const nghttp2_goaway& goaway) {
  goaway_received = true;
  // nghttp2 itself closes the streams above the last id only after this callback, and drops those
  // that it has not sent yet only while sending: both are settled here, before the event.
  fail_all(StreamFailure::refused, [&](const Slot& slot) {
    return !slot.settled && (!slot.sent || slot.stream > goaway.last_stream_id);
  });
  events.on_goaway(goaway.error_code, text_of(goaway.opaque_data, goaway.opaque_data_len));
}

int Http2ClientSession::State::on_stream_closed(nghttp2_session*, std::int32_t stream,
                                                std::uint32_t error_code, void* user) {
  State& state = *static_cast<State*>(user);
  Slot* closed = state.slot_of(stream);
  if (closed == nullptr) return 0;

  const bool due = !closed->settled;
  if (due) state.settle(*closed);
  const Tag tag = closed->tag;
  const bool whole = closed->complete && !closed->oversized;
  const bool never_sent = !closed->sent && !state.new_streams_allowed();
  // Released before the event, so that capacity() already counts it there; what the event may
  // submit gets the slot's place, so the response moves out of it.
  const bool is_current = closed == state.current_slot;
  const bool in_one_block = is_current && std::exchange(state.arriving_ends_stream, false);
  std::swap(state.delivered, in_one_block ? state.arriving : closed->response);
  if (is_current) state.current_slot = nullptr;
  forget_contents(*closed);
  state.slots.release(*closed);

  if (!due) return 0;
  if (whole) {
    state.events.on_response_view(tag, state.view_of_delivered());
  } else if (error_code == NGHTTP2_REFUSED_STREAM || never_sent) {
    state.events.on_failure(tag, StreamFailure::refused);
  } else {
    state.events.on_failure(tag, StreamFailure::reset);
  }
  return 0;
}

int Http2ClientSession::State::before_frame_sent(nghttp2_session*, const nghttp2_frame* frame,
                                                 void* user) {
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  Slot* slot = static_cast<State*>(user)->slot_of(frame->hd.stream_id);
  if (slot != nullptr) slot->sent = true;
  return 0;
}

std::optional<std::string_view> ResponseView::header(std::string_view name) const {
  for (const Header& header : headers) {
    if (header.name == name) return header.value;
  }
  return std::nullopt;
}

Response ResponseView::copy() const {
  Response response{.status = status, .headers = {}, .body = Bytes(body)};
  response.headers.reserve(headers.size());
  for (const Header& header : headers) {
    response.headers.push_back({std::string(header.name), std::string(header.value)});
  }
  return response;
}

Http2ClientSession::Http2ClientSession(Events& events, const Http2ClientOptions& options)
    : state_(std::make_unique<State>(events, options)) {
  state_->open_session();
}

Http2ClientSession::~Http2ClientSession() = default;

std::size_t Http2ClientSession::capacity() const { return state_->capacity(); }

std::size_t Http2ClientSession::open_streams() const { return state_->open; }

bool Http2ClientSession::goaway_received() const { return state_->goaway_received; }

bool Http2ClientSession::ids_have_run_out() const { return state_->ids_left() == 0; }

void Http2ClientSession::submit(Tag tag, std::span<const RequestHeader> headers, BytesView body) {
  ensure(state_->capacity() > 0, "a request is submitted only while there is capacity");
  Slot& slot = state_->slots.take();
  slot.tag = tag;
  slot.body.assign(body);

  std::size_t header_bytes = 0;
  for (const RequestHeader& header : headers) {
    if (header.lifetime == Lifetime::call) header_bytes += header.name.size() + header.value.size();
  }
  slot.header_bytes.reserve(header_bytes);  // so that no append moves what nghttp2 points to
  const auto keep = [&slot](std::string_view text) {
    const std::size_t begin = slot.header_bytes.size();
    slot.header_bytes.append(text);
    return std::string_view(slot.header_bytes).substr(begin);
  };
  state_->name_values.clear();
  for (const RequestHeader& header : headers) {
    const int flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE |
                      (header.indexing == Indexing::without ? NGHTTP2_NV_FLAG_NO_INDEX : 0);
    const bool copied = header.lifetime == Lifetime::call;
    const std::string_view name = copied ? keep(header.name) : header.name;
    const std::string_view value = copied ? keep(header.value) : header.value;
    state_->name_values.push_back(name_value(name, value, static_cast<std::uint8_t>(flags)));
  }

  nghttp2_data_provider provider{};
  provider.source.ptr = &slot;
  provider.read_callback = read_body;
  slot.stream =
      nghttp2_submit_request(state_->session.get(), nullptr, state_->name_values.data(),
                             state_->name_values.size(), body.empty() ? nullptr : &provider, &slot);
  ensure(slot.stream > 0, "nghttp2 takes a request while it allows new ones");
  ++state_->open;
}

void Http2ClientSession::cancel(Tag tag) {
  Slot* found = state_->slots.find([tag](const Slot& slot) {
    return slot.tag == tag && !slot.settled;
  });
  if (found == nullptr) return;
  Slot& slot = *found;
  state_->settle(slot);
  nghttp2_submit_rst_stream(state_->session.get(), NGHTTP2_FLAG_NONE, slot.stream, NGHTTP2_CANCEL);
}

void Http2ClientSession::ping() {
  nghttp2_submit_ping(state_->session.get(), NGHTTP2_FLAG_NONE, nullptr);
}

void Http2ClientSession::go_away() {
  state_->going_away = true;
  nghttp2_submit_goaway(state_->session.get(), NGHTTP2_FLAG_NONE, 0, NGHTTP2_NO_ERROR, nullptr, 0);
}

Result<void> Http2ClientSession::receive(BytesView bytes) {
  ensure(!state_->inside, "no event calls receive()");
  if (state_->over) return failure(ErrorCode::malformed, "the HTTP/2 session is over");
  state_->inside = true;
  const ssize_t count =
      nghttp2_session_mem_recv(state_->session.get(), bytes_of(bytes), bytes.size());
  state_->inside = false;

  if (count < 0) {
    state_->over = true;
    return failure(ErrorCode::malformed, nghttp2_strerror(static_cast<int>(count)));
  }
  // Most connection errors come back as no error here: nghttp2 has queued its GOAWAY and ignores
  // what follows. It shows in that no request is allowed any more, for no reason that we know.
  if (state_->ids_left() > 0 && !state_->goaway_received && !state_->going_away &&
      !state_->new_streams_allowed()) {
    state_->over = true;
    return failure(ErrorCode::malformed, "the peer broke the HTTP/2 protocol");
  }
  return {};
}

std::size_t Http2ClientSession::produce(Bytes& output, std::size_t bytes_max) {
  ensure(!state_->inside, "no event calls produce()");
  const std::size_t begin = output.size();
  state_->inside = true;
  const bool well = serialise(state_->session.get(), output, bytes_max);
  state_->inside = false;
  // With streams open, nghttp2 stops reading only when its GOAWAY for an error has been written.
  const bool ended = state_->open > 0 && nghttp2_session_want_read(state_->session.get()) == 0;
  if (!well || ended) state_->over = true;
  return output.size() - begin;
}

void Http2ClientSession::abandon() {
  state_->over = true;
  state_->fail_all(StreamFailure::lost, [](const Slot& slot) { return !slot.settled; });
}

bool Http2ClientSession::finished() const {
  return state_->open == 0 && !state_->new_streams_allowed();
}

}  // namespace reveille::http
