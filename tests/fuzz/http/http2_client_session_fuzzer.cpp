// Bytes of a server against our client with a few requests open, one of them cancelled.
#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "protocol/base/ensure.h"
#include "protocol/http/http2_client_session.h"

namespace {

using reveille::BytesView;
using reveille::ensure;
using reveille::http::Http2ClientSession;
using reveille::http::Indexing;
using reveille::http::RequestHeader;
using reveille::http::Response;
using reveille::http::StreamFailure;

class Owner : public Http2ClientSession::Events {
 public:
  Owner() : session(*this, {.streams_before_settings = 10, .response_bytes_max = 5000}) {}

  void submit() {
    const RequestHeader headers[] = {{":method", "POST"},
                                     {":scheme", "https"},
                                     {":authority", "h"},
                                     {":path", "/3/device/00", Indexing::without}};
    const BytesView body = next_ % 2 == 0 ? "" : "body";
    open_.insert(next_);
    session.submit(next_++, headers, body);
  }
  void cancel(Http2ClientSession::Tag tag) {
    if (open_.erase(tag) == 1) session.cancel(tag);
  }

  void on_response(Http2ClientSession::Tag tag, Response) override { settle(tag); }
  void on_failure(Http2ClientSession::Tag tag, StreamFailure) override { settle(tag); }
  void on_goaway(std::uint32_t, BytesView) override {}
  void on_settings() override { session.ping(); }

  bool all_settled() const { return open_.empty(); }

  Http2ClientSession session;

 private:
  void settle(Http2ClientSession::Tag tag) {
    ensure(open_.erase(tag) == 1, "every request is settled once");
    if (next_ < 50 && session.capacity() > 0) submit();
  }

  std::set<Http2ClientSession::Tag> open_;
  Http2ClientSession::Tag next_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  if (count == 0) return 0;
  Owner owner;
  std::string output;
  for (int i = 0; i < 4; ++i) owner.submit();
  if (bytes[0] % 2 == 0) owner.session.produce(output, 16 * 1024);
  owner.cancel(1);

  std::string_view input(reinterpret_cast<const char*>(bytes) + 1, count - 1);
  const std::size_t piece = bytes[0] < 128 ? 64 : input.size() + 1;
  while (!input.empty()) {
    const auto received = owner.session.receive(input.substr(0, piece));
    input.remove_prefix(std::min(piece, input.size()));
    output.clear();
    owner.session.produce(output, 16 * 1024);
    if (!received) break;
  }
  owner.session.abandon();
  ensure(owner.all_settled() && owner.session.finished(), "an abandoned session owes no event");
  return 0;
}
