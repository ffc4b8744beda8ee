#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "tools/simulators/apns/push.h"
#include "tools/simulators/apns/wire/frames.h"
#include "tools/simulators/apns/wire/header_decoder.h"
#include "tools/simulators/apns/wire/representation_rules.h"
#include "tools/simulators/apns/wire/stream_table.h"

namespace reveille::simulators::apns::wire {

// What the connection tells its peer of itself, and may change while it lasts.
struct SessionSettings {
  std::uint32_t streams_max = 1'000;
  std::uint32_t stream_window_bytes = 65'535;
  std::uint32_t connection_window_bytes = 65'535;  // cannot be less: RFC 9113 section 6.9.2
  std::uint32_t header_list_bytes_max = 8'000;     // seen in production: apns-practice.md section 2
  enum class WindowUpdates {
    half,  // when half of a window is used, as most servers do
    each,  // after each DATA frame
    held,  // when update_windows() is called
  } window_updates = WindowUpdates::half;
  friend bool operator==(const SessionSettings&, const SessionSettings&) = default;
};

// Apple's end of one HTTP/2 connection, for notifications alone: no socket, no clock, no thread.
//
// Not http::Http2ServerSession, which keeps good order for its owner. This one lets its owner do
// what a server should not, sees how the peer wrote what it wrote, and costs a fifth.
//
// Use: hand what arrived to receive(), send output(), empty it. Events are called from within
// receive(); they may answer, reset and go_away().
// Limits: bodies are kept up to body_bytes_max, header blocks up to block_bytes_max; streams above
// the limit are refused. The owner stops reading while output() is long.
// Errors: malformed from receive(): the peer broke HTTP/2; output() ends with a GOAWAY.
class PushSession {
 public:
  static constexpr std::size_t body_bytes_max = 4'096;
  static constexpr std::size_t block_bytes_max = 64 * 1024;

  class Events {
   public:
    virtual ~Events() = default;
    // The header block has arrived; fills in `push`'s token, id, reason and broken rule.
    virtual void on_head(const PushHead& head, Push& push) = 0;
    // All of it has arrived. The stream is open until it is answered or reset.
    virtual void on_push(StreamId stream, Push& push) = 0;
    // The peer reset a stream that was not answered yet, or we did for a malformed request.
    virtual void on_withdrawn(StreamId stream, Push& push) = 0;
    // Refused for the limit on streams, or above the last one of a GOAWAY: not processed, and the
    // peer is told so.
    virtual void on_turned_away(Push& push) = 0;
    virtual void on_broken_rule(BytesView rule) = 0;
    virtual void on_ping() = 0;  // the session has answered it
  };

  // `events` outlives the session. `strict`: rules about representation, padding and priorities.
  PushSession(Events& events, const SessionSettings& settings, bool strict);

  Result<void> receive(BytesView bytes);
  Bytes& output() { return output_; }

  OpenStream* find(StreamId stream) { return streams_.find(stream); }
  // Each once a stream, on open ones. Both do nothing when the stream has gone meanwhile.
  void accept(StreamId stream);  // 200, with the push's apns-id
  void reject(StreamId stream, int status, BytesView more_headers, BytesView body);
  void reset(StreamId stream, std::uint32_t error_code);

  // GOAWAY. Open streams above `last` are forgotten, new ones ignored.
  void go_away(StreamId last, std::uint32_t error_code, BytesView debug_data);
  // The last id that leaves out the `count` newest streams, but no answered one.
  StreamId last_stream_but(std::size_t count);

  void change_settings(const SessionSettings& settings);
  void answer_pings(bool yes) { answers_pings_ = yes; }
  void update_windows();  // gives back all that was used
  bool owes_windows() const { return connection_consumed_ > 0; }

  std::size_t open_streams() const { return streams_.size(); }
  StreamTable& streams() { return streams_; }
  bool going_away() const { return goaway_last_.has_value(); }

 private:
  struct Sent {
    std::uint32_t streams_max;
    std::uint32_t stream_window_bytes;
  };

  Result<void> take_frame(const FrameHead& head, BytesView payload);
  Result<void> take_headers(const FrameHead& head, BytesView payload);
  Result<void> take_continuation(const FrameHead& head, BytesView payload);
  Result<void> take_block(StreamId stream, bool ends_stream, BytesView block);
  Result<void> take_trailers(StreamId stream, bool ends_stream);
  Result<void> take_data(const FrameHead& head, BytesView payload);
  Result<void> take_reset(const FrameHead& head, BytesView payload);
  Result<void> take_settings(const FrameHead& head, BytesView payload);
  Result<void> take_setting(std::uint16_t name, std::uint32_t value);
  Result<void> take_priority(const FrameHead& head, BytesView payload);
  Result<void> take_goaway(const FrameHead& head, BytesView payload);
  Result<void> take_window_update(const FrameHead& head, BytesView payload);
  Result<void> take_ping(const FrameHead& head, BytesView payload);

  Result<void> connection_error(std::uint32_t error_code, std::string detail);
  bool unpad(const FrameHead& head, BytesView& payload);
  void check_manners();
  void refuse_malformed(StreamId stream, BytesView why);
  bool turn_away(StreamId stream);
  void complete(OpenStream& stream);
  void use_window(std::size_t bytes, OpenStream* stream);
  void send_settings();
  void acknowledge_settings();
  void shift_receive_windows(std::int64_t by);
  void send_body(OpenStream& stream, BytesView body);
  void send_held_back();
  void append_window_update(StreamId stream, std::int64_t bytes);
  void append_reset(StreamId stream, std::uint32_t error_code);

  Events& events_;
  SessionSettings settings_;
  std::optional<RepresentationRules> representation_;  // when strict
  bool answers_pings_ = true;

  Bytes output_;
  Bytes unparsed_;
  bool greeted_ = false;        // the preface came
  bool settings_came_ = false;  // and the peer's first SETTINGS
  bool over_ = false;

  HeaderDecoder decoder_;
  std::vector<HeaderField> fields_;
  PushHead head_;
  Push turned_away_;           // one that gets no stream
  Bytes block_;                // of a head in several frames
  StreamId block_stream_ = 0;  // 0: no CONTINUATION is due
  bool block_ends_stream_ = false;

  StreamTable streams_;
  StreamId highest_stream_ = 0;
  std::optional<StreamId> goaway_last_;
  StreamId highest_answered_ = 0;

  std::deque<Sent> unacknowledged_;  // settings of ours
  std::uint32_t streams_enforced_ = last_possible_stream;
  bool streams_acknowledged_ = false;
  std::int64_t stream_window_ = 65'535;  // what new streams may send us

  std::int64_t connection_window_ = 65'535;
  std::int64_t connection_window_size_ = 65'535;
  std::int64_t connection_consumed_ = 0;
  std::int64_t send_window_ = 65'535;
  std::int64_t initial_send_window_ = 65'535;
};

}  // namespace reveille::simulators::apns::wire
