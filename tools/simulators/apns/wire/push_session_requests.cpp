#include <algorithm>
#include <utility>

#include "tools/simulators/apns/wire/push_session.h"
#include "tools/simulators/apns/wire/request_head.h"

// The way in of a PushSession: HEADERS, CONTINUATION and DATA, and the requests that they make.
namespace reveille::simulators::apns::wire {

bool PushSession::unpad(const FrameHead& head, BytesView& payload) {
  if ((head.flags & flag::padded) == 0) return true;
  if (representation_) events_.on_broken_rule("a frame is padded");
  if (payload.empty()) return false;
  const auto padding = static_cast<std::uint8_t>(payload.front());
  payload.remove_prefix(1);
  if (padding > payload.size()) return false;
  payload.remove_suffix(padding);
  return true;
}

Result<void> PushSession::take_headers(const FrameHead& head, BytesView payload) {
  if (head.stream == 0 || head.stream % 2 == 0) {
    return connection_error(code::protocol_error, "HEADERS on a stream that is no client's");
  }
  if (!unpad(head, payload)) {
    return connection_error(code::protocol_error, "HEADERS with more padding than payload");
  }
  if ((head.flags & flag::priority) != 0) {
    if (representation_) events_.on_broken_rule("HEADERS carry a priority");
    if (payload.size() < 5) {
      return connection_error(code::frame_size_error, "HEADERS are too short");
    }
    payload.remove_prefix(5);
  }
  const bool ends_stream = (head.flags & flag::end_stream) != 0;
  if ((head.flags & flag::end_headers) != 0) return take_block(head.stream, ends_stream, payload);
  block_.assign(payload);
  block_stream_ = head.stream;
  block_ends_stream_ = ends_stream;
  return {};
}

Result<void> PushSession::take_continuation(const FrameHead& head, BytesView payload) {
  if (block_stream_ == 0) {
    return connection_error(code::protocol_error, "CONTINUATION without HEADERS");
  }
  if (block_.size() + payload.size() > block_bytes_max) {
    return connection_error(code::enhance_your_calm, "a header block is larger than 65,536 bytes");
  }
  block_.append(payload);
  if ((head.flags & flag::end_headers) == 0) return {};
  return take_block(std::exchange(block_stream_, 0), block_ends_stream_, block_);
}

// What Apple does not refuse, but asks for.
void PushSession::check_manners() {
  std::size_t list_bytes = 0;
  for (const HeaderField& field : fields_) {
    list_bytes += field.name.size() + field.value.size() + 32;
    if (!representation_) continue;
    const BytesView broken = representation_->check(field);
    if (!broken.empty()) events_.on_broken_rule(broken);
  }
  if (list_bytes > settings_.header_list_bytes_max) {
    events_.on_broken_rule("a header list is larger than SETTINGS_MAX_HEADER_LIST_SIZE");
  }
}

Result<void> PushSession::take_block(StreamId id, bool ends_stream, BytesView block) {
  // An error of HPACK leaves the tables of both ends apart: it ends the connection.
  if (const char* wrong = decoder_.decode(block, fields_)) {
    return connection_error(code::compression_error, wrong);
  }
  if (id <= highest_stream_) return take_trailers(id, ends_stream);
  check_manners();
  highest_stream_ = id;
  head_ = {};
  if (const char* malformed = read_request_head(fields_, head_)) {
    refuse_malformed(id, malformed);
    return {};
  }
  if (turn_away(id)) return {};
  OpenStream& stream = streams_.open(id);
  stream.receive_window = stream_window_;
  stream.send_window = initial_send_window_;
  stream.content_length = head_.content_length;
  events_.on_head(head_, stream.push);
  if (ends_stream) complete(stream);
  return {};
}

Result<void> PushSession::take_trailers(StreamId id, bool ends_stream) {
  OpenStream* stream = streams_.find(id);
  if (stream == nullptr) {  // of a stream that we reset, or ended before
    if (representation_) events_.on_broken_rule("HEADERS on a stream that is closed");
    return {};
  }
  if (stream->complete) return connection_error(code::stream_closed, "HEADERS after END_STREAM");
  if (!ends_stream) return connection_error(code::protocol_error, "HEADERS amid a stream");
  if (const char* malformed = check_trailers(fields_)) {
    refuse_malformed(id, malformed);
    return {};
  }
  if (representation_) events_.on_broken_rule("a notification has trailers");
  complete(*stream);
  return {};
}

// RFC 9113 section 8.1.1: the stream's error, and not the connection's.
void PushSession::refuse_malformed(StreamId id, BytesView why) {
  events_.on_broken_rule(why);
  if (OpenStream* stream = streams_.find(id)) {
    events_.on_withdrawn(id, stream->push);
    streams_.close(*stream);
  }
  append_reset(id, code::protocol_error);
}

bool PushSession::turn_away(StreamId id) {
  const bool above_goaway = goaway_last_ && id > *goaway_last_;
  const std::size_t allowed = std::min(streams_enforced_, settings_.streams_max);
  if (!above_goaway && streams_.size() < allowed) return false;
  turned_away_.clear();
  events_.on_head(head_, turned_away_);
  events_.on_turned_away(turned_away_);
  if (above_goaway) return true;
  // Until it has acknowledged our limit the peer cannot know better: RFC 9113 section 6.5.3.
  if (streams_acknowledged_ && streams_.size() >= streams_enforced_) {
    events_.on_broken_rule("more streams than SETTINGS_MAX_CONCURRENT_STREAMS allows");
  }
  append_reset(id, code::refused_stream);
  return true;
}

Result<void> PushSession::take_data(const FrameHead& head, BytesView payload) {
  const std::size_t counted = payload.size();  // padding counts too
  if (head.stream == 0 || head.stream > highest_stream_) {
    return connection_error(code::protocol_error, "DATA on a stream that was never opened");
  }
  if (!unpad(head, payload)) {
    return connection_error(code::protocol_error, "DATA with more padding than payload");
  }
  connection_window_ -= static_cast<std::int64_t>(counted);
  if (connection_window_ < 0) {
    return connection_error(code::flow_control_error, "DATA beyond the connection's window");
  }
  OpenStream* stream = streams_.find(head.stream);
  if (stream == nullptr) {  // reset by us, or above a GOAWAY
    use_window(counted, nullptr);
    return {};
  }
  if (stream->complete) return connection_error(code::stream_closed, "DATA after END_STREAM");
  stream->receive_window -= static_cast<std::int64_t>(counted);
  if (stream->receive_window < 0) {
    return connection_error(code::flow_control_error, "DATA beyond its stream's window");
  }
  stream->body_bytes += payload.size();
  Push& push = stream->push;
  push.body_too_large |= push.body.size() + payload.size() > body_bytes_max;
  if (!push.body_too_large) push.body.append(payload);
  const bool ends = (head.flags & flag::end_stream) != 0;
  use_window(counted, ends ? nullptr : stream);
  if (ends) complete(*stream);
  return {};
}

void PushSession::complete(OpenStream& stream) {
  if (stream.content_length && *stream.content_length != stream.body_bytes) {
    return refuse_malformed(stream.id, "content-length is not the body's");
  }
  stream.complete = true;
  events_.on_push(stream.id, stream.push);
}

}  // namespace reveille::simulators::apns::wire
