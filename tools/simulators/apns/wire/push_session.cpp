#include "tools/simulators/apns/wire/push_session.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

// The way out of a PushSession: answers, settings, windows.
namespace reveille::simulators::apns::wire {
namespace {

constexpr std::size_t id_bytes = 36;

// The whole answer to most pushes, its stream and apns-id left open:
//   HEADERS, END_STREAM, END_HEADERS | ":status: 200" by index | "apns-id" in full | the id
// Nothing of it enters the peer's table, so that answers need no state.
constexpr std::array<char, 19> accepted_head = {
    0,   0,   47,  1,   flag::end_stream | flag::end_headers,
    0,   0,   0,   0,   static_cast<char>(0x88),
    0,   7,   'a', 'p', 'n',
    's', '-', 'i', 'd'};
static_assert(accepted_head.size() + 1 + id_bytes == frame_head_bytes + 47);

void append_literal(Bytes& block, BytesView name, BytesView value) {
  block.push_back(0);  // without indexing, a name of its own; lengths below 127 are one byte
  block.push_back(static_cast<char>(name.size()));
  block.append(name);
  block.push_back(static_cast<char>(value.size()));
  block.append(value);
}

}  // namespace

PushSession::PushSession(Events& events, const SessionSettings& settings, bool strict)
    : events_(events), settings_(settings) {
  if (strict) representation_.emplace();
  settings_.connection_window_bytes = std::max(settings.connection_window_bytes, 65'535u);
  send_settings();
  if (settings_.connection_window_bytes > connection_window_) {
    const std::int64_t more = settings_.connection_window_bytes - connection_window_;
    connection_window_ += more;
    connection_window_size_ += more;
    append_window_update(0, more);
  }
}

void PushSession::accept(StreamId id) {
  OpenStream* stream = streams_.find(id);
  if (stream == nullptr || stream->answered) return;
  highest_answered_ = std::max(highest_answered_, id);
  const std::string& apns_id = stream->push.id;
  const std::size_t begin = output_.size();
  output_.append(accepted_head.data(), accepted_head.size());
  for (unsigned i = 0; i < 4; ++i) {
    output_[begin + 5 + i] = static_cast<char>(id >> (24 - 8 * i));
  }
  if (apns_id.size() == id_bytes) {
    output_.push_back(static_cast<char>(id_bytes));
    output_.append(apns_id);
  } else {  // nothing but the status
    output_.resize(begin + frame_head_bytes + 1);
    output_[begin + 2] = 1;
  }
  streams_.close(*stream);
}

void PushSession::reject(StreamId id, int status, BytesView more_headers, BytesView body) {
  OpenStream* stream = streams_.find(id);
  if (stream == nullptr || stream->answered) return;
  highest_answered_ = std::max(highest_answered_, id);
  Bytes block;
  append_literal(block, ":status", std::to_string(status));
  if (!stream->push.id.empty()) append_literal(block, "apns-id", stream->push.id);
  if (!body.empty()) append_literal(block, "content-type", "application/json; charset=utf-8");
  // "name: value" lines.
  while (!more_headers.empty()) {
    const BytesView line = more_headers.substr(0, more_headers.find('\n'));
    const std::size_t colon = line.find(": ");
    append_literal(block, line.substr(0, colon), line.substr(colon + 2));
    more_headers.remove_prefix(std::min(more_headers.size(), line.size() + 1));
  }
  const std::uint8_t flags =
      body.empty() ? flag::end_headers | flag::end_stream : flag::end_headers;
  append_frame_head(
      output_, {.length = block.size(), .type = FrameType::headers, .flags = flags, .stream = id});
  output_.append(block);
  stream->answered = true;
  send_body(*stream, body);
}

// As much as the windows allow; the rest waits for WINDOW_UPDATE.
void PushSession::send_body(OpenStream& stream, BytesView body) {
  while (!body.empty()) {
    const std::int64_t window = std::min(send_window_, stream.send_window);
    if (window <= 0) {
      stream.unsent_body.assign(body);
      return;
    }
    const std::size_t count =
        std::min({body.size(), static_cast<std::size_t>(window), frame_bytes_max});
    const std::uint8_t flags = count == body.size() ? flag::end_stream : std::uint8_t{0};
    append_frame_head(
        output_, {.length = count, .type = FrameType::data, .flags = flags, .stream = stream.id});
    output_.append(body.substr(0, count));
    body.remove_prefix(count);
    send_window_ -= static_cast<std::int64_t>(count);
    stream.send_window -= static_cast<std::int64_t>(count);
  }
  streams_.close(stream);
}

void PushSession::send_held_back() {
  for (OpenStream* stream :
       streams_.select([](const OpenStream& open) { return !open.unsent_body.empty(); })) {
    const Bytes body = std::move(stream->unsent_body);
    stream->unsent_body.clear();
    send_body(*stream, body);
  }
}

void PushSession::reset(StreamId id, std::uint32_t error_code) {
  OpenStream* stream = streams_.find(id);
  if (stream == nullptr) return;
  append_reset(id, error_code);
  streams_.close(*stream);
}

void PushSession::append_reset(StreamId id, std::uint32_t error_code) {
  append_frame_head(output_,
                    {.length = 4, .type = FrameType::rst_stream, .flags = 0, .stream = id});
  append_32(output_, error_code);
}

StreamId PushSession::last_stream_but(std::size_t count) {
  std::vector<StreamId> open;
  streams_.for_each([&open](const OpenStream& stream) { open.push_back(stream.id); });
  std::ranges::sort(open, std::greater());
  const std::size_t left_out = std::min(count, open.size());
  const StreamId last = left_out == 0 ? highest_stream_ : open[left_out - 1] - 1;
  return std::max(last == 0 ? 0 : last - (last % 2 == 0 ? 1 : 0), highest_answered_);
}

void PushSession::go_away(StreamId last, std::uint32_t error_code, BytesView debug_data) {
  last = goaway_last_ ? std::min(last, *goaway_last_) : last;  // it may only fall: section 6.8
  goaway_last_ = last;
  append_frame_head(
      output_,
      {.length = 8 + debug_data.size(), .type = FrameType::goaway, .flags = 0, .stream = 0});
  append_32(output_, last);
  append_32(output_, error_code);
  output_.append(debug_data);
  for (OpenStream* stream :
       streams_.select([last](const OpenStream& open) { return open.id > last; })) {
    if (!stream->answered) events_.on_turned_away(stream->push);
    streams_.close(*stream);
  }
}

void PushSession::change_settings(const SessionSettings& settings) {
  const bool told = settings.streams_max != settings_.streams_max ||
                    settings.stream_window_bytes != settings_.stream_window_bytes;
  settings_ = settings;
  settings_.connection_window_bytes = std::max(settings.connection_window_bytes, 65'535u);
  if (told) send_settings();
  const std::int64_t more = settings_.connection_window_bytes - connection_window_size_;
  if (more > 0) {
    connection_window_ += more;
    connection_window_size_ += more;
    append_window_update(0, more);
  }
  if (settings_.window_updates != SessionSettings::WindowUpdates::held) update_windows();
}

// A higher limit holds from now on; a lower one once the peer has acknowledged it.
void PushSession::send_settings() {
  constexpr std::array names = {setting::max_concurrent_streams, setting::initial_window_size,
                                setting::max_header_list_size};
  append_frame_head(
      output_, {.length = names.size() * 6, .type = FrameType::settings, .flags = 0, .stream = 0});
  append_setting(output_, names[0], settings_.streams_max);
  append_setting(output_, names[1], settings_.stream_window_bytes);
  append_setting(output_, names[2], settings_.header_list_bytes_max);
  unacknowledged_.push_back({settings_.streams_max, settings_.stream_window_bytes});
  streams_enforced_ = std::max(streams_enforced_, settings_.streams_max);
  const std::int64_t wider = settings_.stream_window_bytes - stream_window_;
  if (wider > 0) shift_receive_windows(wider);
}

void PushSession::acknowledge_settings() {
  if (unacknowledged_.empty()) return;
  const Sent acknowledged = unacknowledged_.front();
  unacknowledged_.pop_front();
  streams_acknowledged_ = true;
  streams_enforced_ = acknowledged.streams_max;
  std::int64_t window = acknowledged.stream_window_bytes;
  for (const Sent& later : unacknowledged_) {
    streams_enforced_ = std::max(streams_enforced_, later.streams_max);
    window = std::max<std::int64_t>(window, later.stream_window_bytes);
  }
  shift_receive_windows(window - stream_window_);
}

void PushSession::shift_receive_windows(std::int64_t by) {
  stream_window_ += by;
  streams_.for_each([by](OpenStream& stream) { stream.receive_window += by; });
}

// `stream`: nullptr when nothing more will come on it.
void PushSession::use_window(std::size_t bytes, OpenStream* stream) {
  const auto used = static_cast<std::int64_t>(bytes);
  connection_consumed_ += used;
  if (stream != nullptr) stream->consumed += used;
  if (settings_.window_updates == SessionSettings::WindowUpdates::held) return;
  const std::int64_t share =
      settings_.window_updates == SessionSettings::WindowUpdates::half ? 2 : 0;
  if (share == 0 || connection_consumed_ * share >= connection_window_size_) {
    connection_window_ += connection_consumed_;
    append_window_update(0, std::exchange(connection_consumed_, 0));
  }
  if (stream == nullptr) return;
  if (share == 0 || stream->consumed * share >= stream_window_ || stream->receive_window <= 0) {
    stream->receive_window += stream->consumed;
    append_window_update(stream->id, std::exchange(stream->consumed, 0));
  }
}

void PushSession::update_windows() {
  connection_window_ += connection_consumed_;
  append_window_update(0, std::exchange(connection_consumed_, 0));
  streams_.for_each([this](OpenStream& stream) {
    if (stream.complete) return;
    stream.receive_window += stream.consumed;
    append_window_update(stream.id, std::exchange(stream.consumed, 0));
  });
}

void PushSession::append_window_update(StreamId stream, std::int64_t bytes) {
  if (bytes <= 0) return;
  append_frame_head(output_,
                    {.length = 4, .type = FrameType::window_update, .flags = 0, .stream = stream});
  append_32(output_, static_cast<std::uint32_t>(bytes));
}

}  // namespace reveille::simulators::apns::wire
