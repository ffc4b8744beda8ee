#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
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
  std::size_t body_bytes_max = 32u << 20;
  // Of all bodies in memory that have begun and not ended. With full windows a peer could otherwise
  // have concurrent_streams_max times body_bytes_max kept for requests that it never completes.
  std::size_t unfinished_bytes_max = 32u << 20;
  // Streams that the peer opened and reset, and SETTINGS or PING frames, in a row without a
  // completed request: beyond it the session ends with ENHANCE_YOUR_CALM (CVE-2023-44487 and kin;
  // nghttp2 1.52 does not count them).
  std::uint32_t provoked_frames_max = 1000;
  std::uint32_t initial_window_bytes = 65'535;
};

// The server's end of one HTTP/2 connection (RFC 9113) on bytes: no socket, no clock, no thread.
//
// Use: hand what arrived to receive(), then write what produce() yields until it yields nothing,
// then close if finished(). Events are called from within receive(), produce() and abandon(); they
// may call any method but these three.
// Limits: a header list too long is answered with 431 (reset beyond four times the limit), a body
// too long with 413, one that there is no room for now with 503, without an event. A stream above
// concurrent_streams_max is refused until the peer has acknowledged that limit; then it is an error
// of the connection.
// Errors: malformed from receive(): every stream was closed as cancelled; write what produce()
// yields (a GOAWAY), then close. Some errors show only there: produce() closes the streams, and
// finished() holds.
class Http2ServerSession {
 public:
  using StreamId = std::int32_t;

  class Events {
   public:
    virtual ~Events() = default;
    // The whole request has arrived. Answer with respond(), now or later.
    virtual void on_request(StreamId stream, Request request) = 0;
    // A stream that on_request told of has ended; its id is not used again. `cancelled`: by a reset
    // or a lost session before the whole answer was written.
    virtual void on_stream_closed(StreamId stream, bool cancelled) = 0;
    // The head of a request has arrived: how long its body may be, within the limits. Called for
    // each request; changes nothing.
    virtual std::size_t body_bytes_max(const Request& head) const {
      (void)head;
      return std::numeric_limits<std::size_t>::max();
    }
    // Where a body that is long goes: BodyRoom. Called at most once a request.
    virtual LongBodyPlace find_place(const Request& head) {
      (void)head;
      return nullptr;
    }
    virtual void on_goaway(std::uint32_t error_code) { (void)error_code; }
  };

  // `events` outlives the session. `bodies`: the budget that bodies count against, also after
  // on_request; nullptr: none.
  Http2ServerSession(Events& events, const Http2ServerLimits& limits,
                     std::shared_ptr<BodyBudget> bodies = nullptr);
  ~Http2ServerSession();
  Http2ServerSession(const Http2ServerSession&) = delete;
  Http2ServerSession& operator=(const Http2ServerSession&) = delete;

  Result<void> receive(BytesView bytes);

  // Appends at most about `bytes_max` bytes to `output`; returns how many it appended.
  std::size_t produce(Bytes& output, std::size_t bytes_max);

  // Once a stream. Adds content-length (not to HEAD's answer, 204 or 304) and drops what belongs to
  // an HTTP/1.1 connection. Does nothing when the stream is gone or above a GOAWAY's last stream.
  void respond(StreamId stream, Response response);

  // RST_STREAM; nghttp2's error codes, e.g. 7 REFUSED_STREAM.
  void reset(StreamId stream, std::uint32_t error_code);

  // GOAWAY with the last stream taken (or `last_stream`), no more are taken. Open streams up to it
  // go on; those above it are closed without an answer.
  void go_away(std::uint32_t error_code, BytesView debug_data = {},
               std::optional<StreamId> last_stream = std::nullopt);

  // A new SETTINGS_MAX_CONCURRENT_STREAMS for the peer.
  void change_concurrent_streams_max(std::uint32_t value);

  // The connection is gone: every open stream is closed, as cancelled.
  void abandon();

  // No stream is open and none can be: after a GOAWAY, ours written or the peer's, or an error.
  bool finished() const;
  std::size_t open_streams() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace reveille::http
