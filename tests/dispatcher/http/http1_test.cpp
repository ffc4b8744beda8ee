#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/dispatcher/http/listener_fixture.h"

namespace reveille::http {
namespace {

class Http1Test : public ListenerTest {
 protected:
  // Everything said on one connection, and everything answered until it closes.
  std::string converse(const std::string& text) {
    std::string answer;
    run([&]() -> asio::awaitable<void> {
      const std::unique_ptr<Stream> stream = co_await connect();
      co_await say(*stream, text);
      answer = co_await read_to_end(*stream);
    });
    return answer;
  }
};

TEST_F(Http1Test, AnswersOneRequestAfterTheOtherOnAKeptConnection) {
  open();
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    Http1Client client(*stream);
    for (const char* target : {"/one", "/two?q=1", "/three"}) {
      const Request request = request_for(target);
      Result<Response> response = co_await client.request(request, soon());
      EXPECT_TRUE(response) << response.error().detail;
      EXPECT_EQ(response->body, std::string("GET ") + target + " ");
      EXPECT_TRUE(client.reusable());
    }
  });
  EXPECT_EQ(listener_->statistics().accepted, 1u);
  EXPECT_EQ(listener_->statistics().requests, 3u);
  EXPECT_EQ(handler_.requests[0].authority, "mdm.example.org");
}

TEST_F(Http1Test, PipelinedRequestsAreAnsweredInTheirOrder) {
  open();
  int handled = 0;
  handler_.answer = [&](Request request) -> asio::awaitable<Response> {
    // The first takes longest.
    asio::steady_timer timer(lane_, std::chrono::milliseconds(30 - 10 * handled++));
    co_await timer.async_wait(asio::use_awaitable);
    Response response{.status = 200, .headers = {}, .body = request.target};
    co_return response;
  };
  const std::string answer = converse(
      "PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
      "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(answer,
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/1"
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/2"
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n/3");
  EXPECT_EQ(handler_.requests[0].body, "abc");
}

TEST_F(Http1Test, RequestsCutAnywhereArePutTogether) {
  open();
  const std::string requests =
      "PUT /connect HTTP/1.1\r\nHost: a\r\nX-Long: one two\r\nContent-Length: 11\r\n\r\nhello world"
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;name=value\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n"
      "GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  std::string answer;
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    for (const char letter : requests) {
      const std::string piece(1, letter);
      co_await say(*stream, piece);
      co_await asio::post(lane_, asio::use_awaitable);
    }
    answer = co_await read_to_end(*stream);
  });
  ASSERT_EQ(handler_.requests.size(), 3u) << answer;
  EXPECT_EQ(handler_.requests[0].body, "hello world");
  EXPECT_EQ(handler_.requests[0].header("x-long"), "one two");
  EXPECT_EQ(handler_.requests[1].body, "hello world");
  EXPECT_EQ(handler_.requests[1].header("trailer"), std::nullopt);
  EXPECT_TRUE(answer.ends_with("GET /end ")) << answer;
}

TEST_F(Http1Test, AClientThatWaitsForContinueGetsIt) {
  open();
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    co_await say(*stream,
                 "PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    const std::string interim = co_await read_until(*stream, "\r\n\r\n");
    EXPECT_EQ(interim, "HTTP/1.1 100 Continue\r\n\r\n");
    co_await say(*stream, "body");
    const std::string answer = co_await read_until(*stream, "PUT /x body");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  });
}

TEST_F(Http1Test, AClientThatDoesNotWaitForContinueGetsNone) {
  open();
  const std::string answer = converse(
      "PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\n"
      "Content-Length: 4\r\n\r\nbody");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
}

TEST_F(Http1Test, HeadAndEmptyStatusesHaveNoBody) {
  open();
  handler_.answer = [](Request request) -> asio::awaitable<Response> {
    Response response{
        .status = request.target == "/204" ? 204 : 200, .headers = {}, .body = "body"};
    co_return response;
  };
  EXPECT_EQ(converse("HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(converse("GET /204 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
}

TEST_F(Http1Test, Http10IsClosedUnlessItAsksToBeKept) {
  open();
  EXPECT_EQ(converse("GET /x HTTP/1.0\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nGET /x ");
  EXPECT_EQ(converse("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /y HTTP/1.0\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: keep-alive\r\n\r\nGET /x "
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nGET /y ");
}

TEST_F(Http1Test, AWholeUrlInTheRequestLineIsReadAsItsPath) {
  open();
  converse("GET http://other.example/p?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(handler_.requests.at(0).target, "/p?q");
  EXPECT_EQ(handler_.requests.at(0).authority, "other.example");
}

TEST_F(Http1Test, ALineBreakAfterABodyIsForgiven) {
  open();
  const std::string answer = converse(
      "PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx\r\n"
      "GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.ends_with("GET /2 ")) << answer;
}

TEST_F(Http1Test, TheHandlersOwnFramingHeadersAreNotSent) {
  open();
  handler_.answer = [](Request) -> asio::awaitable<Response> {
    Response response{.status = 200, .headers = {}, .body = "abc"};
    response.headers = {{"content-length", "7"}, {"Transfer-Encoding", "chunked"}, {"x-a", "b"}};
    co_return response;
  };
  EXPECT_EQ(converse("GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nx-a: b\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
}

TEST_F(Http1Test, AResponseHeaderCannotSmuggleALineIn) {
  open();
  handler_.answer = [](Request) -> asio::awaitable<Response> {
    Response response{.status = 200, .headers = {}, .body = "abc"};
    response.headers = {{"location", "x\r\nSet-Cookie: stolen"}};
    co_return response;
  };
  EXPECT_EQ(converse("GET /x HTTP/1.1\r\nHost: a\r\n\r\n"),
            "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST_F(Http1Test, AnExceptionOfTheHandlerClosesThatConnectionOnly) {
  open();
  handler_.answer = [](Request request) -> asio::awaitable<Response> {
    if (request.target == "/throw") throw std::runtime_error("as the test asked");
    Response response{.status = 200, .headers = {}, .body = {}};
    co_return response;
  };
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> kept = co_await connect();
    const std::unique_ptr<Stream> thrown = co_await connect();
    co_await say(*thrown, "GET /throw HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string nothing = co_await read_to_end(*thrown);
    EXPECT_EQ(nothing, "");
    Http1Client client(*kept);
    const Request request = request_for("/fine");
    Result<Response> response = co_await client.request(request, soon());
    EXPECT_TRUE(response) << response.error().detail;
  });
}

TEST_F(Http1Test, ALargeAnswerArrivesWhole) {
  open();
  const std::string large(3u << 20, 'x');
  handler_.answer = [&](Request) -> asio::awaitable<Response> {
    Response response{.status = 200, .headers = {}, .body = large};
    co_return response;
  };
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    Http1Client client(*stream);
    const Request request = request_for("/large");
    Result<Response> response = co_await client.request(request, soon());
    EXPECT_TRUE(response && response->body == large);
  });
}

TEST_F(Http1Test, APeerThatVanishesInItsRequestIsNotAnswered) {
  open();
  run([&]() -> asio::awaitable<void> {
    std::unique_ptr<Stream> stream = co_await connect();
    co_await say(*stream, "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
  });
  run_until([&] { return listener_->statistics().accepted == 1; });
  run_until([&] { return listener_->statistics().connections == 0; });
  EXPECT_TRUE(handler_.requests.empty());
}

TEST_F(Http1Test, APeerThatVanishesBeforeItsAnswerHurtsNobody) {
  open();
  handler_.answer = [&](Request) -> asio::awaitable<Response> {
    asio::steady_timer timer(lane_, 20ms);
    co_await timer.async_wait(asio::use_awaitable);
    Response response{.status = 200, .headers = {}, .body = std::string(8u << 20, 'x')};
    co_return response;
  };
  run([&]() -> asio::awaitable<void> {
    std::unique_ptr<Stream> stream = co_await connect();
    co_await say(*stream, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  });
  run_until([&] { return handler_.requests.size() == 1; });
  run_until([&] { return listener_->statistics().connections == 0; });
}

}  // namespace
}  // namespace reveille::http
