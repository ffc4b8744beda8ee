#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/dispatcher/http/listener_fixture.h"

namespace reveille::http {
namespace {

class Http1LimitsTest : public ListenerTest {
 protected:
  void answer_without_a_body() {
    handler_.answer = [](Request) -> asio::awaitable<Response> {
      Response response{.status = 200, .headers = {}, .body = {}};
      co_return response;
    };
  }
};

const std::string head_end = " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

TEST_F(Http1LimitsTest, ASixKilobyteQueryOnAPostWithoutContentTypeIsTaken) {
  open();
  std::string query;
  while (query.size() < 6000) query += "%2Babc";
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    co_await say(*stream, "POST /scep?operation=PKIOperation&message=" + query + head_end);
    const std::string answer = co_await read_to_end(*stream);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  });
  EXPECT_EQ(handler_.requests.at(0).query(), "operation=PKIOperation&message=" + query);
  EXPECT_EQ(handler_.requests.at(0).header("content-type"), std::nullopt);
}

TEST_F(Http1LimitsTest, ARequestLineOfSixteenKibibytesIsTakenAndALongerOneIsNot) {
  open();
  const std::string target = "/" + std::string(16 * 1024 - 4, 'a');  // 16 KiB with "GET"
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    co_await say(*stream, "GET " + target + head_end);
    const std::string answer = co_await read_to_end(*stream);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  });
  EXPECT_EQ(status_of_last("GET " + target + "a" + head_end), 414);
  EXPECT_EQ(handler_.requests.size(), 1u);
  EXPECT_EQ(listener_->statistics().requests_malformed, 1u);
}

TEST_F(Http1LimitsTest, ARequestLineMayBeAsLongAsTheWholeHeadWhereThatIsConfigured) {
  open({.request_line_bytes_max = 1u << 20, .head_bytes_max = 1u << 20});
  const std::string target = "/" + std::string(900'000, 'a');
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    co_await say(*stream, "GET " + target + head_end);
    const std::string answer = co_await read_to_end(*stream);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  });
  EXPECT_EQ(status_of_last("GET /" + std::string(1u << 20, 'a') + head_end), 431);
  EXPECT_EQ(status_of_last("GET /" + std::string(1'200'000, 'a')), 431);
}

TEST_F(Http1LimitsTest, ARequestLineWithoutEndIsRefused) {
  open();
  EXPECT_EQ(status_of_last("GET /" + std::string(17 * 1024, 'a')), 414);
  EXPECT_EQ(status_of_last("GET /" + std::string(200 * 1024, 'a')), 414);
}

TEST_F(Http1LimitsTest, AHeadThatIsTooLongIsRefused) {
  open({.head_bytes_max = 4096});
  EXPECT_EQ(
      status_of_last("GET / HTTP/1.1\r\nHost: a\r\nX-A: " + std::string(5000, 'a') + "\r\n\r\n"),
      431);
  EXPECT_EQ(status_of_last("GET / HTTP/1.1\r\nHost: a\r\nX-A: " + std::string(5000, 'a')), 431);
  EXPECT_TRUE(handler_.requests.empty());
}

TEST_F(Http1LimitsTest, AHeadThatGrowsOneHeaderAPacketIsRefusedAsWell) {
  open({.head_bytes_max = 4096});
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    co_await say(*stream, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 0; i < 100; ++i) {
      const std::string header = "X-" + std::to_string(i) + ": " + std::string(60, 'a') + "\r\n";
      (void)co_await stream->write(header, soon());
      for (int turn = 0; turn < 4; ++turn) co_await asio::post(lane_, asio::use_awaitable);
    }
    const std::string answer = co_await read_to_end(*stream);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 431 ")) << answer;
  });
}

TEST_F(Http1LimitsTest, ABodyOfTheLimitIsTakenAndALongerOneIsNot) {
  open({.body_bytes_max = 1000});
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    Http1Client client(*stream);
    Request request = request_for("/x");
    request.method = "PUT";
    request.body = std::string(1000, 'x');
    Result<Response> response = co_await client.request(request, soon());
    EXPECT_TRUE(response && response->status == 200);
  });
  EXPECT_EQ(status_of_last("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"), 413);
  EXPECT_EQ(
      status_of_last("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n258\r\n" +
                     std::string(600, 'x') + "\r\n258\r\n" + std::string(600, 'x')),
      413);
  EXPECT_EQ(
      status_of_last("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"),
      400);
  EXPECT_EQ(handler_.requests.size(), 1u);
}

TEST_F(Http1LimitsTest, ABodyThatIsTooLongIsRefusedInsteadOfContinued) {
  open({.body_bytes_max = 1000});
  EXPECT_EQ(status_of_last("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                           "Content-Length: 1001\r\n\r\n"),
            413);
}

TEST_F(Http1LimitsTest, TheHandlerSaysByTheHeadHowLongABodyMayBe) {
  open({.body_bytes_max = 1000});
  answer_without_a_body();
  handler_.body_rule = [](const Request& head) {
    EXPECT_TRUE(head.body.empty());
    return head.header("x-known") ? std::size_t{5'000} : std::size_t{10};
  };
  const std::string stranger = "PUT / HTTP/1.1\r\nHost: a\r\n";
  const std::string known = stranger + "X-Known: 1\r\n";
  EXPECT_EQ(status_of_last(stranger + "Content-Length: 11\r\n\r\n"), 413) << "by its length";
  EXPECT_EQ(status_of_last(stranger + "Transfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n5\r\n"
                                      "12345\r\n"),
            413);
  EXPECT_EQ(status_of_last(known + "Content-Length: 1001\r\n\r\n"), 413) << "the limit of all";
  EXPECT_EQ(status_of_last(known + "Connection: close\r\nContent-Length: 11\r\n\r\n12345678901"),
            200);
  EXPECT_EQ(status_of_last(stranger + "Connection: close\r\nContent-Length: 10\r\n\r\n1234567890"),
            200);
  EXPECT_EQ(handler_.requests.size(), 2u);
}

// 16 peers that never send the end of their bodies cannot have all memory, nor all room.
TEST_F(Http1LimitsTest, UnfinishedBodiesShareABudgetThatLeavesRoomForSmallOnes) {
  constexpr std::size_t body = 1u << 20;
  open({.body_bytes_max = body, .bodies_bytes_max = 4 * body});
  answer_without_a_body();
  const std::string head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body);
  const std::string all_but_one = head + "\r\n\r\n" + std::string(body - 1, 'x');
  std::vector<std::unique_ptr<Stream>> holding;
  run([&]() -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      holding.push_back(co_await connect());
      co_await say(*holding.back(), all_but_one);
    }
    for (int turn = 0; turn < 100; ++turn) co_await asio::post(lane_, asio::use_awaitable);

    const std::unique_ptr<Stream> refused = co_await connect();
    co_await say(*refused, all_but_one);
    const std::string answer = co_await read_to_end(*refused);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_NE(answer.find("retry-after: 60\r\n"), std::string::npos) << answer;
  });
  const std::string small = "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ";
  EXPECT_EQ(status_of_last(small + "20000\r\n\r\n" + std::string(20'000, 'x')), 200);
  EXPECT_EQ(listener_->statistics().requests_malformed, 0u);

  holding.pop_back();
  run_until([&] { return listener_->statistics().connections == 2; });
  EXPECT_EQ(status_of_last(small + std::to_string(body) + "\r\n\r\n" + std::string(body, 'x')), 200)
      << "its room came back";
}

TEST_F(Http1LimitsTest, ABodyHasItsRoomUntilItIsAnswered) {
  constexpr std::size_t body = 1u << 20;
  open({.body_bytes_max = body, .bodies_bytes_max = 2 * body});
  std::vector<Request> at_work;  // whole requests, which nobody has answered
  bool released = false;
  handler_.answer = [&](Request request) -> asio::awaitable<Response> {
    at_work.push_back(std::move(request));
    while (!released) {
      asio::steady_timer timer(lane_, 1ms);
      co_await timer.async_wait(asio::use_awaitable);
    }
    at_work.clear();
    Response response{.status = 200, .headers = {}, .body = {}};
    co_return response;
  };
  const std::string request =
      "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " + std::to_string(body) +
      "\r\n\r\n" + std::string(body, 'x');
  std::unique_ptr<Stream> first;
  run([&]() -> asio::awaitable<void> {
    first = co_await connect();
    co_await say(*first, request);
  });
  run_until([&] { return at_work.size() == 1; });
  EXPECT_EQ(status_of_last(request), 503);
  released = true;
  run([&]() -> asio::awaitable<void> { (void)co_await read_to_end(*first); });
  EXPECT_EQ(status_of_last(request), 200);
}

TEST_F(Http1LimitsTest, AChunkLineWithoutEndIsRefused) {
  open({.head_bytes_max = 4096});
  EXPECT_EQ(status_of_last("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;" +
                           std::string(9000, 'x')),
            400);
}

TEST_F(Http1LimitsTest, ARequestThatTakesTooLongIsRefused) {
  open({.request_timeout = 50ms});
  EXPECT_EQ(status_of_last("GET / HTTP/1.1\r\nHost"), 408);
  EXPECT_EQ(status_of_last("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"), 408);
}

TEST_F(Http1LimitsTest, DrippingBytesBuyNoTime) {
  open({.request_timeout = 80ms});
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    co_await say(*stream, "GET / HTTP/1.1\r\nX-Slow: ");
    std::string answer;
    std::string buffer(4096, '\0');
    for (int i = 0; i < 100 && answer.empty(); ++i) {
      (void)co_await stream->write("a", soon());
      const auto moment = std::chrono::steady_clock::now() + 10ms;
      Result<std::size_t> count = co_await stream->read_some(buffer, moment);
      if (count) answer.assign(buffer, 0, *count);
    }
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 408 ")) << answer;
  });
}

TEST_F(Http1LimitsTest, AnIdleConnectionIsClosedWithoutAWord) {
  open({.idle_timeout = 50ms});
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    Http1Client client(*stream);
    const Request request = request_for("/x");
    Result<Response> response = co_await client.request(request, soon());
    EXPECT_TRUE(response);
    const std::string rest = co_await read_to_end(*stream);
    EXPECT_EQ(rest, "");
  });
  EXPECT_EQ(listener_->statistics().requests_malformed, 0u);
}

TEST_F(Http1LimitsTest, APeerThatDoesNotReadItsAnswerIsDropped) {
  open({.write_timeout = 50ms});
  handler_.answer = [](Request) -> asio::awaitable<Response> {
    Response response{.status = 200, .headers = {}, .body = std::string(32u << 20, 'x')};
    co_return response;
  };
  std::unique_ptr<Stream> stream;
  run([&]() -> asio::awaitable<void> {
    stream = co_await connect();
    co_await say(*stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  });
  run_until([&] { return handler_.requests.size() == 1; });
  run_until([&] { return listener_->statistics().connections == 0; });
}

}  // namespace
}  // namespace reveille::http
