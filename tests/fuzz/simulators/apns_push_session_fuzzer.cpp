// Bytes of a provider, after its preface, against the simulated Apple. The first byte of the input
// picks how the owner answers: at once, with a body, by reset, with GOAWAY, or not at all; and
// whether all arrives at once.
#include <cstdint>
#include <string_view>

#include "protocol/base/ensure.h"
#include "tools/simulators/apns/wire/push_session.h"

namespace {

using namespace reveille::simulators::apns;
using reveille::BytesView;
using wire::StreamId;

class Owner final : public wire::PushSession::Events {
 public:
  explicit Owner(int manner)
      : session(*this, {.streams_max = 10, .stream_window_bytes = 5'000}, true), manner_(manner) {}

  void on_head(const PushHead& head, Push& push) override {
    for (const auto* value : {&head.method, &head.path, &head.topic, &head.id}) {
      if (*value) push.token.append(**value);  // reads all of it
    }
  }
  void on_push(StreamId stream, Push& push) override {
    reveille::ensure(push.body.size() <= wire::PushSession::body_bytes_max, "bodies are bounded");
    if (manner_ == 0) session.accept(stream);
    if (manner_ == 1) session.reject(stream, 503, "retry-after: 1", R"({"reason":"Shutdown"})");
    if (manner_ == 2) session.reset(stream, wire::code::refused_stream);
    if (manner_ == 3) {
      session.go_away(session.last_stream_but(1), wire::code::no_error, "debug");
      session.accept(stream);
    }
    if (manner_ == 4) session.change_settings({.streams_max = stream % 7});
  }
  void on_withdrawn(StreamId, Push&) override {}
  void on_turned_away(Push&) override {}
  void on_broken_rule(BytesView rule) override {
    reveille::ensure(!rule.empty(), "a broken rule has a name");
  }
  void on_ping() override {}

  wire::PushSession session;

 private:
  const int manner_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  if (count == 0) return 0;
  Owner owner(bytes[0] % 6);
  BytesView input(reinterpret_cast<const char*>(bytes) + 1, count - 1);
  (void)owner.session.receive(wire::preface);
  const std::size_t piece = bytes[0] < 128 ? 13 : input.size() + 1;
  while (!input.empty()) {
    const BytesView next = input.substr(0, piece);
    input.remove_prefix(next.size());
    if (!owner.session.receive(next)) break;
    owner.session.update_windows();
    reveille::ensure(owner.session.open_streams() <= 10, "streams are bounded");
    owner.session.output().clear();
  }
  return 0;
}
