// Bytes of a client, after its preface, against our server. The first byte of the input picks how
// the owner answers: at once, late, by reset, or not at all.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/ensure.h"
#include "protocol/http/http2_server_session.h"

namespace {

using reveille::http::Http2ServerSession;
using reveille::http::Request;
using reveille::http::Response;

class Owner : public Http2ServerSession::Events {
 public:
  explicit Owner(int manner)
      : session(*this, {.concurrent_streams_max = 10,
                        .header_list_bytes_max = 2000,
                        .body_bytes_max = 5000,
                        .provoked_frames_max = 20}),
        manner_(manner) {}

  void on_request(Http2ServerSession::StreamId stream, Request request) override {
    ++open_;
    if (manner_ == 0) session.respond(stream, {.status = 200, .headers = {}, .body = request.body});
    if (manner_ == 1) session.reset(stream, 7);
    if (manner_ == 2) session.go_away(0, "debug", stream - 2);
    late_ = stream;
  }
  void on_stream_closed(Http2ServerSession::StreamId, bool) override { --open_; }

  void answer_late() {
    if (manner_ != 3 || late_ == 0) return;
    session.respond(late_, {.status = 404, .headers = {{"x", "y"}}, .body = "late"});
    late_ = 0;
  }

  bool all_closed() const { return open_ == 0; }

  Http2ServerSession session;

 private:
  const int manner_;
  Http2ServerSession::StreamId late_ = 0;
  int open_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  if (count == 0) return 0;
  Owner owner(bytes[0] % 5);
  std::string_view input(reinterpret_cast<const char*>(bytes) + 1, count - 1);
  (void)owner.session.receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

  // In pieces, so that frames are cut anywhere and answers go between them.
  const std::size_t piece = bytes[0] < 128 ? 64 : input.size() + 1;
  std::string output;
  while (!input.empty() && !owner.session.finished()) {
    const auto received = owner.session.receive(input.substr(0, piece));
    input.remove_prefix(std::min(piece, input.size()));
    owner.answer_late();
    output.clear();
    owner.session.produce(output, 16 * 1024);
    if (!received) break;
  }
  owner.session.abandon();
  reveille::ensure(owner.all_closed(), "every request that was told of is closed once");
  reveille::ensure(owner.session.open_streams() == 0, "an abandoned session has no streams");
  return 0;
}
