#include <array>
#include <string>
#include <utility>
#include <vector>

#include "bench/unit_costs.h"
#include "protocol/base/ensure.h"
#include "protocol/http/http2_client_session.h"
#include "protocol/http/http2_server_session.h"

namespace reveille::bench {
namespace {

using http::Indexing;
using http::Lifetime;

constexpr std::size_t streams = 1'000;  // of one iteration, as APNs allows

// Both ends of a connection whose bytes are carried by hand; the server answers an empty 200.
class Connection final : http::Http2ClientSession::Events, http::Http2ServerSession::Events {
 public:
  Connection() {
    exchange();  // SETTINGS
  }

  // A push's header fields and body, as Apple asks for them.
  void submit_all() {
    for (std::size_t number = 0; number < streams; ++number) {
      path_[path_.size() - 1] = "0123456789abcdef"[number % 16];
      const std::array<http::RequestHeader, 7> headers{{
          {":method", "POST", Indexing::with, Lifetime::session},
          {":scheme", "https", Indexing::with, Lifetime::session},
          {":authority", "api.push.apple.com", Indexing::with, Lifetime::session},
          {":path", path_, Indexing::without},
          {"apns-topic", "com.apple.mgmt.External.7b1c4e90-0000-4000-8000-00000000000a",
           Indexing::with, Lifetime::session},
          {"apns-push-type", "mdm", Indexing::with, Lifetime::session},
          {"apns-expiration", "1800000000", Indexing::with, Lifetime::session},
      }};
      client_.submit(number, headers, R"({"mdm":"0A0B0C0D-0001-4000-8000-000000000001"})");
    }
  }
  const Bytes& produce_requests() { return produce(client_, to_server_); }
  const Bytes& produce_responses() { return produce(server_, to_client_); }
  void receive_requests() { ensure(server_.receive(to_server_).has_value(), "frames"); }
  void receive_responses() { ensure(client_.receive(to_client_).has_value(), "frames"); }
  std::size_t take_responses() { return std::exchange(responses_, 0); }

 private:
  template <typename Session>
  static const Bytes& produce(Session& session, Bytes& output) {
    output.clear();
    while (session.produce(output, 64 * 1024) != 0) {
    }
    return output;
  }
  void exchange() {
    for (int flight = 0; flight < 2; ++flight) {
      produce_requests();
      receive_requests();
      produce_responses();
      receive_responses();
    }
  }

  void on_response_view(http::Http2ClientSession::Tag,
                        const http::ResponseView& response) override {
    responses_ += response.status == 200 ? 1 : 0;
  }
  void on_failure(http::Http2ClientSession::Tag, http::StreamFailure) override {
    ensure(false, "every stream is answered");
  }
  void on_goaway(std::uint32_t, BytesView) override {}
  void on_request(http::Http2ServerSession::StreamId stream, http::Request) override {
    server_.respond(stream, {.status = 200, .headers = {}, .body = {}});
  }
  void on_stream_closed(http::Http2ServerSession::StreamId, bool) override {}
  void on_goaway(std::uint32_t) override {}

  Bytes to_server_, to_client_;
  std::string path_ = "/3/device/" + std::string(64, 'a');
  std::size_t responses_ = 0;
  // A window that holds all bodies: no request waits for the other end.
  http::Http2ServerSession server_{
      *this, {.concurrent_streams_max = streams, .initial_window_bytes = 1u << 20}};
  http::Http2ClientSession client_{*this, {.streams_before_settings = streams}};
};

// Of a request's whole way over HTTP/2, what do its two ends take: HPACK and frames written and
// read, streams opened and closed?
void BM_Requests(benchmark::State& state, bool of_client, bool writing) {
  Connection connection;
  UnitCosts costs, others;
  const auto part = [&](bool client, bool writes) -> UnitCosts& {
    return client == of_client && writes == writing ? costs : others;
  };
  for (auto _ : state) {
    part(true, true).measure(streams, [&] {
      connection.submit_all();
      connection.produce_requests();
    });
    part(false, false).measure(streams, [&] { connection.receive_requests(); });
    part(false, true).measure(streams, [&] { connection.produce_responses(); });
    part(true, false).measure(streams, [&] { connection.receive_responses(); });
    ensure(connection.take_responses() == streams, "all are answered");
  }
  costs.report(state);
}
BENCHMARK_CAPTURE(BM_Requests, client_writes, true, true);
BENCHMARK_CAPTURE(BM_Requests, client_reads, true, false);
BENCHMARK_CAPTURE(BM_Requests, server_reads_and_answers, false, false);
BENCHMARK_CAPTURE(BM_Requests, server_writes, false, true);

}  // namespace
}  // namespace reveille::bench
