#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/http/message.h"

namespace reveille::http {

// Whether a request header enters HPACK's dynamic table; `without` is "never indexed", for secrets
// and for what differs each time (RFC 7541 section 6.2).
enum class Indexing { with, without };

// How long a header's bytes live: `call` ones are copied, `session` ones outlive the session.
enum class Lifetime { call, session };

struct RequestHeader {
  std::string_view name;
  std::string_view value;
  Indexing indexing = Indexing::with;
  Lifetime lifetime = Lifetime::call;
};

// A response as it lies in the session's buffers, for the time of one event.
struct ResponseView {
  struct Header {
    std::string_view name;  // lower case
    std::string_view value;
  };
  int status = 0;
  std::span<const Header> headers;
  BytesView body;

  std::optional<std::string_view> header(std::string_view name) const;
  Response copy() const;
};

// Why a stream ended without a whole response.
enum class StreamFailure {
  refused,  // REFUSED_STREAM, or above the last id of a GOAWAY: the peer did not process it
  reset,    // reset with another code, or response_bytes_max passed: it may have been processed
  lost,     // the session ended first: the outcome is unknown
};

struct Http2ClientOptions {
  std::uint32_t streams_before_settings = 100;  // allowed before the peer's first SETTINGS
  std::uint32_t streams_max = 10'000;           // of our own, whatever the peer allows
  std::size_t response_bytes_max = 16u << 20;
  std::int32_t first_stream_id = 1;  // odd; a test begins near the end
};

// The client's end of one HTTP/2 connection (RFC 9113) on bytes: no socket, no clock, no thread.
//
// Use: submit() while capacity() is above zero, write what produce() yields, hand what arrives to
// receive(). `tag` is the caller's name for a request. Events are called from within receive(),
// produce() and abandon(); they may call submit() and ping(), not receive() and produce().
// Settings of ours: no push, no priorities; a window of 1 MiB a stream, 16 MiB a connection.
// Errors: malformed from receive(): the session is over; write what produce() yields (a GOAWAY) if
// you can, then call abandon().
class Http2ClientSession {
 public:
  using Tag = std::uint64_t;

  class Events {
   public:
    virtual ~Events() = default;
    // Override one of the two: the view costs no copy, but its bytes are gone after the event.
    virtual void on_response_view(Tag tag, const ResponseView& response) {
      on_response(tag, response.copy());
    }
    virtual void on_response(Tag, Response) {}
    virtual void on_failure(Tag tag, StreamFailure failure) = 0;
    // No more streams are taken. Those up to the last id go on; the rest, and what was not sent
    // yet, have failed as refused, each with on_failure, before this is called.
    virtual void on_goaway(std::uint32_t error_code, BytesView debug_data) = 0;
    // The peer's SETTINGS: capacity() may have changed either way.
    virtual void on_settings() {}
    virtual void on_ping_acknowledged() {}
  };

  // `events` outlives the session.
  Http2ClientSession(Events& events, const Http2ClientOptions& options);
  ~Http2ClientSession();
  Http2ClientSession(const Http2ClientSession&) = delete;
  Http2ClientSession& operator=(const Http2ClientSession&) = delete;

  // Requests that may be submitted now: the least of the peer's and our limit, less those open;
  // 0 after a GOAWAY, and when the ids have run out.
  std::size_t capacity() const;
  std::size_t open_streams() const;
  // A GOAWAY came: what fails as refused from now on, its own on_failure events included, it refused.
  bool goaway_received() const;
  // Each of the 2^30 stream ids of a connection was used (RFC 9113 section 5.1.1): what is open
  // goes on, and what comes next needs another connection.
  bool ids_have_run_out() const;

  // `headers` are sent in their order, pseudo-headers first, names in lower case; names and values
  // are copied unless they outlive the session, and so is `body`. Requires capacity() > 0, and a tag
  // that no open request has.
  void submit(Tag tag, std::span<const RequestHeader> headers, BytesView body);

  // RST_STREAM(CANCEL) for a request of ours; no event follows. It counts against capacity() until
  // the frame is produced. Does nothing when the tag names no open request. Looks
  // through all of them: meant for the exception, such as a deadline that passed.
  void cancel(Tag tag);
  void ping();
  void go_away();  // ours, code NO_ERROR: open streams go on

  Result<void> receive(BytesView bytes);
  // Appends at most about `bytes_max` bytes to `output`; returns how many it appended.
  std::size_t produce(Bytes& output, std::size_t bytes_max);

  // The connection is gone: every open stream fails, as `lost`.
  void abandon();
  // No stream is open and none can be.
  bool finished() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace reveille::http
