#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/http/message.h"

namespace reveille::http {

struct Http2ServerLimits {
  std::uint32_t concurrent_streams_max = 100;
  std::size_t header_list_bytes_max = 32 * 1024;
  std::size_t body_bytes_max = 16u << 20;
  // Streams that the peer opened and reset, and SETTINGS or PING frames, in a row without a
  // completed request: beyond it the session ends with ENHANCE_YOUR_CALM (CVE-2023-44487 and kin;
  // nghttp2 1.52 does not count them).
  std::uint32_t provoked_frames_max = 1000;
  std::uint32_t initial_window_bytes = 65'535;
};

// The server's end of one HTTP/2 connection (RFC 9113) on bytes: no socket, no clock, no thread.
//
// Use: hand what arrived to receive(), then write what produce() yields until it yields nothing.
// Events are called from within receive(); they may call any method but receive() and produce().
// Errors: malformed from receive(): write what produce() yields (a GOAWAY), then close.
class Http2ServerSession {
 public:
  using StreamId = std::int32_t;

  class Events {
   public:
    virtual ~Events() = default;
    // The whole request has arrived. Answer with respond(), now or later.
    virtual void on_request(StreamId stream, Request request) = 0;
    // The stream ended, answered or not; its id is not used again. `cancelled`: by the peer's reset
    // or a lost session before the answer was written.
    virtual void on_stream_closed(StreamId stream, bool cancelled) = 0;
    virtual void on_goaway(std::uint32_t error_code) { (void)error_code; }
  };

  // `events` outlives the session.
  Http2ServerSession(Events& events, const Http2ServerLimits& limits);
  ~Http2ServerSession();
  Http2ServerSession(const Http2ServerSession&) = delete;
  Http2ServerSession& operator=(const Http2ServerSession&) = delete;

  Result<void> receive(BytesView bytes);

  // Appends at most about `bytes_max` bytes to `output`; returns how many it appended.
  std::size_t produce(Bytes& output, std::size_t bytes_max);

  // Does nothing when the stream is gone.
  void respond(StreamId stream, Response response);

  // RST_STREAM; nghttp2's error codes, e.g. 7 REFUSED_STREAM.
  void reset(StreamId stream, std::uint32_t error_code);

  // GOAWAY with the last stream taken (or `last_stream`), no more are taken; open streams go on.
  void go_away(std::uint32_t error_code, BytesView debug_data = {},
               std::optional<StreamId> last_stream = std::nullopt);

  // A new SETTINGS_MAX_CONCURRENT_STREAMS for the peer.
  void change_concurrent_streams_max(std::uint32_t value);

  // No stream is open and none can be: after GOAWAY from either end, or an error.
  bool finished() const;
  std::size_t open_streams() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace reveille::http
