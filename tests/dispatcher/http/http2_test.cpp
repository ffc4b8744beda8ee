#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>

#include "protocol/http/http2_client_session.h"
#include "tests/dispatcher/http/kept_body.h"
#include "tests/dispatcher/http/listener_fixture.h"

namespace reveille::http {
namespace {

// A client that has many requests open at once.
class Http2Client : private Http2ClientSession::Events {
 public:
  explicit Http2Client(std::unique_ptr<Stream> connected) : stream(std::move(connected)) {}

  void submit(std::uint64_t tag, const std::string& target, const std::string& body = {}) {
    const std::string method = body.empty() ? "GET" : "PUT";
    const std::string scheme = "https";
    const std::string authority = "localhost";
    const std::vector<RequestHeader> headers{
        {":method", method}, {":scheme", scheme}, {":authority", authority}, {":path", target}};
    session.submit(tag, headers, body);
  }

  // Sends what there is to send; false when the connection is gone.
  asio::awaitable<bool> flush() {
    Bytes output;
    while (session.produce(output, 64 * 1024) != 0) {
      const Result<void> written = co_await stream->write(output, deadline());
      if (!written) co_return false;
      output.clear();
    }
    co_return true;
  }

  // Reads until `count` requests have ended, or the connection has.
  asio::awaitable<void> wait_for(std::size_t count) {
    std::string buffer(16 * 1024, '\0');
    while (responses.size() + failures.size() < count && !ended) {
      (void)co_await flush();
      Result<std::size_t> size = co_await stream->read_some(buffer, deadline());
      if (!size || *size == 0 || !session.receive(BytesView(buffer).substr(0, *size))) {
        ended = true;
        session.abandon();
      }
    }
    if (!ended) (void)co_await flush();
  }

  static Stream::Deadline deadline() { return std::chrono::steady_clock::now() + 5s; }

  std::unique_ptr<Stream> stream;
  Http2ClientSession session{*this, {}};
  std::map<std::uint64_t, Response> responses;
  std::map<std::uint64_t, StreamFailure> failures;
  std::vector<std::uint64_t> order;
  std::optional<std::uint32_t> goaway;
  bool ended = false;

 private:
  using Tag = Http2ClientSession::Tag;

  void on_response(Tag tag, Response response) override {
    order.push_back(tag);
    responses[tag] = std::move(response);
  }
  void on_failure(Tag tag, StreamFailure failure) override { failures[tag] = failure; }
  void on_goaway(std::uint32_t error_code, BytesView) override { goaway = error_code; }
};

class Http2Test : public ListenerTest {
 protected:
  void open_http2(ListenerOptions options = {}) {
    options.tls = server_context({"h2", "http/1.1"});
    open(options);
  }

  void converse(std::function<asio::awaitable<void>(Http2Client&)> work) {
    run([&]() -> asio::awaitable<void> {
      const TlsContext context = client_context({"h2"});
      std::unique_ptr<Stream> stream = co_await connect_tls(context);
      const Result<void> shaken = co_await stream->handshake(soon());
      EXPECT_TRUE(shaken) << shaken.error().detail;
      EXPECT_EQ(stream->protocol(), "h2");
      Http2Client client(std::move(stream));
      co_await work(client);
    });
  }

  // "/slow" takes until released_; everything else answers at once.
  void answer_slowly() {
    handler_.answer = [this](Request request) -> asio::awaitable<Response> {
      while (request.target == "/slow" && !released_) {
        asio::steady_timer timer(lane_, 1ms);
        co_await timer.async_wait(asio::use_awaitable);
      }
      Response response{.status = 200, .headers = {}, .body = request.target};
      co_return response;
    };
  }
  bool released_ = false;
};

TEST_F(Http2Test, ManyStreamsAreServedTogether) {
  open_http2();
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    for (std::uint64_t tag = 0; tag < 90; ++tag) client.submit(tag, "/" + std::to_string(tag));
    co_await client.wait_for(90);
    EXPECT_EQ(client.responses.size(), 90u);
    for (const auto& [tag, response] : client.responses) {
      EXPECT_EQ(response.body, "GET /" + std::to_string(tag) + " ");
    }
  });
  EXPECT_EQ(listener_->statistics().requests, 90u);
  EXPECT_EQ(handler_.requests.at(0).authority, "localhost");
}

TEST_F(Http2Test, ASlowHandlerHoldsNobodyUp) {
  open_http2();
  answer_slowly();
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/slow");
    client.submit(2, "/quick");
    co_await client.wait_for(1);
    EXPECT_TRUE(client.responses.contains(2));
    released_ = true;
    co_await client.wait_for(2);
    EXPECT_EQ(client.order, (std::vector<std::uint64_t>{2, 1}));
  });
}

TEST_F(Http2Test, LargeBodiesFollowFlowControlBothWays) {
  open_http2();
  handler_.answer = [](Request request) -> asio::awaitable<Response> {
    Response response{.status = 200, .headers = {}, .body = std::move(request.body)};
    co_return response;
  };
  const std::string large(3u << 20, 'x');
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    for (std::uint64_t tag = 0; tag < 4; ++tag) client.submit(tag, "/echo", large);
    co_await client.wait_for(4);
    EXPECT_EQ(client.responses.size(), 4u);
    for (const auto& [tag, response] : client.responses) EXPECT_TRUE(response.body == large);
  });
}

TEST_F(Http2Test, ABodyThatIsTooLongIsRefusedAndTheOthersServed) {
  open_http2({.body_bytes_max = 1000});
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/large", std::string(2000, 'x'));
    client.submit(2, "/fine", std::string(1000, 'x'));
    co_await client.wait_for(2);
    EXPECT_EQ(client.responses[1].status, 413);
    EXPECT_EQ(client.responses[2].status, 200);
  });
  EXPECT_EQ(handler_.requests.size(), 1u);
}

TEST_F(Http2Test, TheHandlerSaysByTheHeadHowLongABodyMayBe) {
  open_http2();
  handler_.body_rule = [](const Request& head) {
    return head.target == "/known" ? std::size_t{100'000} : std::size_t{10};
  };
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/", std::string(11, 'x'));
    client.submit(2, "/", std::string(10, 'x'));
    client.submit(3, "/known", std::string(100'000, 'x'));
    client.submit(4, "/known", std::string(100'001, 'x'));
    co_await client.wait_for(4);
    EXPECT_EQ(client.responses[1].status, 413);
    EXPECT_EQ(client.responses[2].status, 200);
    EXPECT_EQ(client.responses[3].status, 200);
    EXPECT_EQ(client.responses[4].status, 413);
  });
}

TEST_F(Http2Test, ALongBodyGoesWhereItsHandlerSaysAndAShortOneStaysInMemory) {
  open_http2();
  const auto kept = std::make_shared<KeptBody>();
  handler_.place = [&](const Request& head) -> LongBodyPlace {
    EXPECT_EQ(head.target, "/long");
    return kept;
  };
  handler_.answer = [](Request) -> asio::awaitable<Response> {
    Response response{.status = 200, .headers = {}, .body = {}};
    co_return response;
  };
  const Bytes body = Bytes(3 * long_body_bytes, 'l') + "the end";
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/long", body);
    client.submit(2, "/short", std::string(long_body_bytes, 's'));
    co_await client.wait_for(2);
    EXPECT_EQ(client.responses[1].status, 200);
    EXPECT_EQ(client.responses[2].status, 200);
  });
  EXPECT_TRUE(kept->kept == body);
  for (const Request& request : handler_.requests) {
    EXPECT_EQ(request.long_body != nullptr, request.target == "/long");
    EXPECT_EQ(request.body.size(), request.target == "/long" ? 0 : long_body_bytes);
  }
}

TEST_F(Http2Test, ALongBodyIsRefusedWithTheStatusThatItsHandlerSays) {
  open_http2();
  handler_.place = [](const Request& head) -> LongBodyPlace {
    if (head.target == "/stranger") return std::unexpected(409);
    return std::make_shared<KeptBody>(2 * long_body_bytes);
  };
  const std::string body(3 * long_body_bytes, 'x');
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/stranger", body);
    client.submit(2, "/no-room", body);
    co_await client.wait_for(2);
    EXPECT_EQ(client.responses[1].status, 409);
    EXPECT_EQ(client.responses[2].status, 503);
  });
  EXPECT_TRUE(handler_.requests.empty());
}

// Of all streams together more than unfinished_bytes_max, and less in memory.
TEST_F(Http2Test, LongBodiesThatHaveTheirPlaceDoNotCountAsUnfinished) {
  ListenerOptions options;
  options.http2.unfinished_bytes_max = 2 * long_body_bytes;
  open_http2(options);
  handler_.place = [](const Request&) -> LongBodyPlace { return std::make_shared<KeptBody>(); };
  handler_.answer = [](Request) -> asio::awaitable<Response> {
    Response response{.status = 200, .headers = {}, .body = {}};
    co_return response;
  };
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    const std::string body(4 * long_body_bytes, 'x');
    client.submit(1, "/", body);
    co_await client.wait_for(1);
    client.submit(2, "/", body);
    co_await client.wait_for(2);
    EXPECT_EQ(client.responses[1].status, 200);
    EXPECT_EQ(client.responses[2].status, 200);
  });
}

TEST_F(Http2Test, AnAnswerInPartsIsGatheredAndOneWhoseRestHasGoneIs500) {
  open_http2();
  handler_.answer = [](Request request) -> asio::awaitable<Response> {
    Response response{.status = 200, .headers = {}, .body = {}};
    const std::size_t missing = request.target == "/whole" ? 0 : 1;
    response.source = std::make_shared<PartsOfBytes>(Bytes(2'500, 'a'), missing);
    co_return response;
  };
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/whole");
    client.submit(2, "/cut");
    co_await client.wait_for(2);
    EXPECT_EQ(client.responses[1].body, Bytes(2'500, 'a'));
    EXPECT_EQ(client.responses[2].status, 500);
  });
}

TEST_F(Http2Test, BodiesOfAllConnectionsShareABudgetUntilTheyAreAnswered) {
  constexpr std::size_t body = 1u << 20;
  open_http2({.body_bytes_max = body, .bodies_bytes_max = 2 * body});
  std::vector<Request> at_work;
  handler_.answer = [&](Request request) -> asio::awaitable<Response> {
    at_work.push_back(std::move(request));
    while (!released_) {
      asio::steady_timer timer(lane_, 1ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
    at_work.clear();
    Response response{.status = 200, .headers = {}, .body = {}};
    co_return response;
  };
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/held", std::string(body, 'x'));
    client.submit(2, "/refused", std::string(body, 'x'));
    co_await client.wait_for(1);
    EXPECT_EQ(client.responses.size(), 1u);
    const Response& refused = client.responses.begin()->second;
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.header("retry-after"), "60");
    released_ = true;
    co_await client.wait_for(2);
    client.submit(3, "/again", std::string(body, 'x'));
    co_await client.wait_for(3);
    EXPECT_EQ(client.responses[3].status, 200);
  });
}

TEST_F(Http2Test, DrainingSaysGoawayAndFinishesWhatIsOpen) {
  open_http2();
  answer_slowly();
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/slow");
    (void)co_await client.flush();
    while (handler_.requests.empty()) co_await asio::post(lane_, asio::use_awaitable);
    listener_->drain();
    released_ = true;
    co_await client.wait_for(1);
    EXPECT_EQ(client.goaway, 0u);
    EXPECT_EQ(client.responses[1].status, 200);
    co_await client.wait_for(2);
    EXPECT_TRUE(client.ended);
  });
  run_until([&] { return listener_->statistics().connections == 0; });
}

TEST_F(Http2Test, AnIdleConnectionEndsWithGoaway) {
  open_http2({.idle_timeout = 50ms});
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/x");
    co_await client.wait_for(1);
    co_await client.wait_for(2);
    EXPECT_TRUE(client.ended);
    EXPECT_EQ(client.goaway, 0u);
  });
}

TEST_F(Http2Test, AHandlerMayTakeLongerThanAnyTimeoutOfThePeer) {
  open_http2({.request_timeout = 30ms, .idle_timeout = 30ms, .write_timeout = 30ms});
  answer_slowly();
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/slow");
    (void)co_await client.flush();
    asio::steady_timer timer(lane_, 150ms);
    co_await timer.async_wait(asio::use_awaitable);
    released_ = true;
    co_await client.wait_for(1);
    EXPECT_EQ(client.responses[1].status, 200);
  });
}

TEST_F(Http2Test, ARequestThatNeverEndsEndsTheConnection) {
  open_http2({.request_timeout = 50ms});
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    // The window is 64 KiB: the rest waits for a client that never sends it.
    client.submit(1, "/x", std::string(200'000, 'x'));
    Bytes output;
    client.session.produce(output, 4096);
    (void)co_await client.stream->write(output, soon());
    const std::string rest = co_await read_to_end(*client.stream);
    EXPECT_FALSE(rest.ends_with("took too long]"));
  });
  EXPECT_TRUE(handler_.requests.empty());
}

TEST_F(Http2Test, AnAnswerThatThePeerNeverTakesEndsTheConnection) {
  open_http2({.write_timeout = 50ms});
  handler_.answer = [](Request) -> asio::awaitable<Response> {
    Response response{.status = 200, .headers = {}, .body = std::string(4u << 20, 'x')};
    co_return response;
  };
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/x");
    (void)co_await client.flush();
    // Bytes are read, but never acknowledged by WINDOW_UPDATE.
    const std::string rest = co_await read_to_end(*client.stream);
    EXPECT_FALSE(rest.ends_with("took too long]"));
    EXPECT_LT(rest.size(), 4u << 20);
  });
}

TEST_F(Http2Test, AnswersThatPileUpMakeFurtherRequestsBeRefusedUntilTheyAreTaken) {
  open_http2({.answers_waiting_bytes_max = 100'000});
  handler_.answer = [](Request) -> asio::awaitable<Response> {
    Response response{.status = 200, .headers = {}, .body = std::string(2u << 20, 'x')};
    co_return response;
  };
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/large");
    (void)co_await client.flush();
    while (handler_.requests.empty()) co_await asio::post(lane_, asio::use_awaitable);
    client.submit(2, "/more");
    co_await client.wait_for(2);
    EXPECT_EQ(client.failures[2], StreamFailure::refused);
    EXPECT_EQ(client.responses[1].body.size(), 2u << 20);
    client.submit(3, "/again");
    co_await client.wait_for(3);
    EXPECT_EQ(client.responses[3].status, 200);
  });
}

TEST_F(Http2Test, AnExceptionOfTheHandlerClosesThatConnectionOnly) {
  open_http2();
  handler_.answer = [](Request request) -> asio::awaitable<Response> {
    if (request.target == "/throw") throw std::runtime_error("as the test asked");
    Response response{.status = 200, .headers = {}, .body = {}};
    co_return response;
  };
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/throw");
    co_await client.wait_for(1);
    EXPECT_EQ(client.failures[1], StreamFailure::lost);
  });
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/fine");
    co_await client.wait_for(1);
    EXPECT_EQ(client.responses[1].status, 200);
  });
}

TEST_F(Http2Test, AStormOfResetsEndsTheConnectionAndStartsFewHandlers) {
  ListenerOptions options;
  options.http2.concurrent_streams_max = 10;
  options.http2.provoked_frames_max = 50;
  open_http2(options);
  answer_slowly();
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    co_await client.wait_for(0);
    (void)co_await client.flush();
    std::uint64_t tag = 0;
    for (int i = 0; i < 300; ++i) {
      if (client.session.capacity() == 0) break;
      client.submit(++tag, "/slow");
      Bytes output;
      client.session.produce(output, 64 * 1024);
      client.session.cancel(tag);
      client.session.produce(output, 64 * 1024);
      const Result<void> written = co_await client.stream->write(output, soon());
      if (!written) break;
      co_await asio::post(lane_, asio::use_awaitable);
    }
    co_await client.wait_for(10'000);
    EXPECT_TRUE(client.ended);
    EXPECT_EQ(client.goaway, 11u);  // ENHANCE_YOUR_CALM
  });
  EXPECT_LE(handler_.requests.size(), 20u);
  EXPECT_EQ(listener_->statistics().requests_malformed, 1u);
  released_ = true;
  run_until([&] { return listener_->statistics().connections == 0; });
}

TEST_F(Http2Test, BytesThatAreNoHttp2EndTheConnection) {
  open_http2();
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    co_await say(*client.stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string rest = co_await read_to_end(*client.stream);
    EXPECT_FALSE(rest.ends_with("took too long]"));
  });
  EXPECT_EQ(listener_->statistics().requests_malformed, 1u);
}

TEST_F(Http2Test, APeerMayVanishAndTheListenerGoWhileHandlersAreAtWork) {
  open_http2();
  answer_slowly();
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    for (std::uint64_t tag = 0; tag < 5; ++tag) client.submit(tag, "/slow");
    (void)co_await client.flush();
    while (handler_.requests.size() < 5) co_await asio::post(lane_, asio::use_awaitable);
  });
  run_until([&] { return listener_->statistics().connections == 0; });
  listener_.reset();
  released_ = true;
  run([&]() -> asio::awaitable<void> {
    asio::steady_timer timer(lane_, 20ms);
    co_await timer.async_wait(asio::use_awaitable);
  });
}

TEST_F(Http2Test, EverythingMayGoAtOnceWithHandlersAtWork) {
  open_http2();
  answer_slowly();
  converse([&](Http2Client& client) -> asio::awaitable<void> {
    client.submit(1, "/slow");
    (void)co_await client.flush();
    while (handler_.requests.empty()) co_await asio::post(lane_, asio::use_awaitable);
  });
}

}  // namespace
}  // namespace reveille::http
