#include <algorithm>
#include <utility>

#include "tools/simulators/apns/wire/push_session.h"

// The way in of a PushSession: from bytes to frames, and the frames that are no requests.
namespace reveille::simulators::apns::wire {

Result<void> PushSession::receive(BytesView bytes) {
  if (over_) return failure(ErrorCode::malformed, "the connection is over");
  BytesView rest = bytes;
  if (!unparsed_.empty()) {
    unparsed_.append(bytes);
    rest = unparsed_;
  }
  if (!greeted_) {
    const std::size_t common = std::min(rest.size(), preface.size());
    if (rest.substr(0, common) != preface.substr(0, common)) {
      return connection_error(code::protocol_error, "the connection preface is not HTTP/2's");
    }
    if (common == preface.size()) {
      greeted_ = true;
      rest.remove_prefix(common);
    }
  }
  while (greeted_ && rest.size() >= frame_head_bytes) {
    const FrameHead head = read_frame_head(rest.data());
    if (head.length > frame_bytes_max) {
      return connection_error(code::frame_size_error, "a frame is larger than 16,384 bytes");
    }
    if (rest.size() < frame_head_bytes + head.length) break;
    Result<void> taken = take_frame(head, rest.substr(frame_head_bytes, head.length));
    if (!taken) return taken;
    rest.remove_prefix(frame_head_bytes + head.length);
  }
  if (unparsed_.empty()) {
    unparsed_.assign(rest);
  } else {
    unparsed_.erase(0, unparsed_.size() - rest.size());
  }
  return {};
}

Result<void> PushSession::take_frame(const FrameHead& head, BytesView payload) {
  if (block_stream_ != 0 &&
      (head.type != FrameType::continuation || head.stream != block_stream_)) {
    return connection_error(code::protocol_error, "a header block is interrupted");
  }
  if (!settings_came_ && head.type != FrameType::settings) {
    return connection_error(code::protocol_error, "the first frame is not SETTINGS");
  }
  switch (head.type) {
    case FrameType::data:
      return take_data(head, payload);
    case FrameType::headers:
      return take_headers(head, payload);
    case FrameType::continuation:
      return take_continuation(head, payload);
    case FrameType::rst_stream:
      return take_reset(head, payload);
    case FrameType::settings:
      return take_settings(head, payload);
    case FrameType::ping:
      return take_ping(head, payload);
    case FrameType::window_update:
      return take_window_update(head, payload);
    case FrameType::priority:
      return take_priority(head, payload);
    case FrameType::push_promise:
      return connection_error(code::protocol_error, "a client sends PUSH_PROMISE");
    case FrameType::goaway:
      return take_goaway(head, payload);
  }
  // RFC 9113 section 4.1: unknown frames are ignored.
  if (representation_) events_.on_broken_rule("a frame of a type that HTTP/2 does not know");
  return {};
}

Result<void> PushSession::take_priority(const FrameHead& head, BytesView payload) {
  if (head.stream == 0) return connection_error(code::protocol_error, "PRIORITY on no stream");
  if (payload.size() != 5) return connection_error(code::frame_size_error, "PRIORITY's length");
  if (representation_) events_.on_broken_rule("a PRIORITY frame is sent");
  return {};
}

// The provider opens no more streams; those that are open go on.
Result<void> PushSession::take_goaway(const FrameHead& head, BytesView payload) {
  if (head.stream != 0) return connection_error(code::protocol_error, "GOAWAY on a stream");
  if (payload.size() < 8) return connection_error(code::frame_size_error, "GOAWAY's length");
  return {};
}

Result<void> PushSession::take_reset(const FrameHead& head, BytesView payload) {
  if (payload.size() != 4) return connection_error(code::frame_size_error, "RST_STREAM's length");
  if (head.stream == 0 || head.stream > highest_stream_) {
    return connection_error(code::protocol_error, "RST_STREAM on a stream that was never opened");
  }
  OpenStream* stream = streams_.find(head.stream);
  if (stream == nullptr) return {};
  if (!stream->answered) events_.on_withdrawn(stream->id, stream->push);
  streams_.close(*stream);
  return {};
}

Result<void> PushSession::take_settings(const FrameHead& head, BytesView payload) {
  if (head.stream != 0) return connection_error(code::protocol_error, "SETTINGS on a stream");
  if ((head.flags & flag::acknowledge) != 0) {
    if (!payload.empty()) return connection_error(code::frame_size_error, "SETTINGS' length");
    acknowledge_settings();
    return {};
  }
  if (payload.size() % 6 != 0) return connection_error(code::frame_size_error, "SETTINGS' length");
  settings_came_ = true;
  for (; !payload.empty(); payload.remove_prefix(6)) {
    const auto name = static_cast<std::uint16_t>(read_32(payload.data()) >> 16);
    Result<void> taken = take_setting(name, read_32(payload.data() + 2));
    if (!taken) return taken;
  }
  append_frame_head(
      output_, {.length = 0, .type = FrameType::settings, .flags = flag::acknowledge, .stream = 0});
  send_held_back();
  return {};
}

// Of those that are not looked at none binds a frame of ours.
Result<void> PushSession::take_setting(std::uint16_t name, std::uint32_t value) {
  if (name == setting::enable_push && value > 1) {
    return connection_error(code::protocol_error, "SETTINGS_ENABLE_PUSH is neither 0 nor 1");
  }
  if (name == setting::max_frame_size && (value < frame_bytes_max || value > 0xffffff)) {
    return connection_error(code::protocol_error, "SETTINGS_MAX_FRAME_SIZE out of its bounds");
  }
  if (name != setting::initial_window_size) return {};
  if (value > window_max) {
    return connection_error(code::flow_control_error, "SETTINGS_INITIAL_WINDOW_SIZE too large");
  }
  const std::int64_t change = static_cast<std::int64_t>(value) - initial_send_window_;
  initial_send_window_ = value;
  streams_.for_each([change](OpenStream& stream) { stream.send_window += change; });
  return {};
}

Result<void> PushSession::take_window_update(const FrameHead& head, BytesView payload) {
  if (payload.size() != 4) {
    return connection_error(code::frame_size_error, "WINDOW_UPDATE's length");
  }
  if (head.stream > highest_stream_) {
    return connection_error(code::protocol_error,
                            "WINDOW_UPDATE on a stream that was never opened");
  }
  const std::int64_t more = read_32(payload.data()) & 0x7fffffff;
  if (more == 0) return connection_error(code::protocol_error, "WINDOW_UPDATE by nothing");
  std::int64_t* window = &send_window_;
  if (head.stream != 0) {
    OpenStream* stream = streams_.find(head.stream);
    if (stream == nullptr) return {};
    window = &stream->send_window;
  }
  *window += more;
  if (*window > window_max) {
    return connection_error(code::flow_control_error, "WINDOW_UPDATE beyond 2^31 - 1");
  }
  send_held_back();
  return {};
}

Result<void> PushSession::take_ping(const FrameHead& head, BytesView payload) {
  if (payload.size() != 8) return connection_error(code::frame_size_error, "PING's length");
  if (head.stream != 0) return connection_error(code::protocol_error, "PING on a stream");
  if ((head.flags & flag::acknowledge) != 0) return {};
  events_.on_ping();
  if (!answers_pings_) return {};
  append_frame_head(
      output_, {.length = 8, .type = FrameType::ping, .flags = flag::acknowledge, .stream = 0});
  output_.append(payload);
  return {};
}

Result<void> PushSession::connection_error(std::uint32_t error_code, std::string detail) {
  over_ = true;
  go_away(highest_answered_, error_code, detail);
  return failure(ErrorCode::malformed, std::move(detail));
}

}  // namespace reveille::simulators::apns::wire
