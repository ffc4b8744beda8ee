#include <algorithm>
#include <sstream>

#include "tests/dispatcher/http/kept_body.h"
#include "tests/dispatcher/http/listener_fixture.h"

// Bodies that are too long for memory, by HTTP/1.1; by HTTP/2: http2_test.cpp.
namespace reveille::http {
namespace {

class LongBodyTest : public ListenerTest {
 protected:
  LongBodyTest() {
    handler_.place = [this](const Request& head) -> LongBodyPlace {
      asked_for_.push_back(head.target);
      return place_;
    };
    handler_.answer = [](Request) -> asio::awaitable<Response> {
      Response response{.status = 200, .headers = {}, .body = {}};
      co_return response;
    };
  }

  static std::string head(const std::string& target, const std::string& more) {
    return "PUT " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + more + "\r\n";
  }
  static std::string request(const std::string& target, const Bytes& body) {
    return head(target, "Content-Length: " + std::to_string(body.size()) + "\r\n") + body;
  }

  const Bytes short_body = Bytes(long_body_bytes, 's');
  const Bytes long_body = Bytes(3 * long_body_bytes, 'l') + "the end";
  std::shared_ptr<KeptBody> kept_ = std::make_shared<KeptBody>();
  LongBodyPlace place_ = kept_;
  std::vector<std::string> asked_for_;
};

TEST_F(LongBodyTest, GoesWhereItsHandlerSaysAndAShortOneStaysInMemory) {
  open();
  EXPECT_EQ(status_of_last(request("/short", short_body)), 200);
  EXPECT_EQ(status_of_last(request("/long", long_body)), 200);

  EXPECT_EQ(asked_for_, std::vector<std::string>{"/long"});
  ASSERT_EQ(handler_.requests.size(), 2u);
  EXPECT_TRUE(handler_.requests[0].body == short_body);
  EXPECT_EQ(handler_.requests[0].long_body, nullptr);
  EXPECT_TRUE(handler_.requests[1].body.empty());
  EXPECT_EQ(handler_.requests[1].long_body, kept_);
  EXPECT_TRUE(kept_->kept == long_body);
}

TEST_F(LongBodyTest, OfALengthThatNobodyAnnouncedIsTakenAsItComes) {
  open();
  std::string chunks;
  for (std::size_t at = 0; at < long_body.size(); at += 100'000) {
    const Bytes chunk = long_body.substr(at, 100'000);
    std::ostringstream size;
    size << std::hex << chunk.size();
    chunks += size.str() + "\r\n" + chunk + "\r\n";
  }
  EXPECT_EQ(status_of_last(head("/", "Transfer-Encoding: chunked\r\n") + chunks + "0\r\n\r\n"),
            200);
  EXPECT_EQ(asked_for_.size(), 1u);
  EXPECT_TRUE(kept_->kept == long_body);
}

TEST_F(LongBodyTest, StaysInMemoryWhereTheHandlerHasNoPlaceForIt) {
  open();
  place_ = nullptr;
  EXPECT_EQ(status_of_last(request("/", long_body)), 200);
  EXPECT_EQ(asked_for_.size(), 1u);
  EXPECT_TRUE(handler_.requests.at(0).body == long_body);
}

TEST_F(LongBodyTest, IsRefusedBeforeItComesAndInsteadOfContinued) {
  open();
  place_ = std::unexpected(409);
  EXPECT_EQ(status_of_last(head("/", "Expect: 100-continue\r\nContent-Length: 300000\r\n")), 409);
  EXPECT_EQ(status_of_last(request("/", long_body)), 409);
  EXPECT_TRUE(handler_.requests.empty());
}

TEST_F(LongBodyTest, IsContinuedWhenItHasAPlace) {
  open();
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    const std::string length = std::to_string(long_body.size());
    co_await say(*stream, head("/", "Expect: 100-continue\r\nContent-Length: " + length + "\r\n"));
    const std::string proceed = co_await read_until(*stream, "\r\n\r\n");
    EXPECT_EQ(proceed, "HTTP/1.1 100 Continue\r\n\r\n");
    co_await say(*stream, long_body);
    const std::string answer = co_await read_to_end(*stream);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  });
  EXPECT_TRUE(kept_->kept == long_body);
}

TEST_F(LongBodyTest, ThatFindsNoRoomIsAnswered503) {
  open();
  kept_ = std::make_shared<KeptBody>(2 * long_body_bytes);
  place_ = kept_;
  EXPECT_EQ(status_of_last(request("/", long_body)), 503);
  EXPECT_EQ(kept_.use_count(), 2) << "place_ and the test alone";
}

TEST_F(LongBodyTest, OfMoreThanTheLimitIsRefusedWhereverItGoes) {
  open({.body_bytes_max = 2 * long_body_bytes});
  EXPECT_EQ(status_of_last(request("/", long_body)), 413);
  EXPECT_TRUE(asked_for_.empty()) << "its length says so";
  const Bytes chunk(2 * long_body_bytes, 'x');
  EXPECT_EQ(status_of_last(head("/", "Transfer-Encoding: chunked\r\n") + "80000\r\n" + chunk +
                           "\r\n1\r\nx\r\n0\r\n\r\n"),
            413);
}

// The window of each, and no more.
TEST_F(LongBodyTest, HoldsItsWindowOfTheBudgetWhateverItsLength) {
  constexpr std::size_t body = 8 * long_body_bytes;
  open({.body_bytes_max = body, .bodies_bytes_max = 2 * body});
  const std::string all_but_one = request("/", Bytes(body, 'x')).substr(0, 100 + body / 2);
  std::vector<std::unique_ptr<Stream>> holding;
  std::vector<std::shared_ptr<KeptBody>> places;
  handler_.place = [&](const Request&) -> LongBodyPlace {
    places.push_back(std::make_shared<KeptBody>());
    return places.back();
  };
  run([&]() -> asio::awaitable<void> {
    for (int i = 0; i < 6; ++i) {  // 24 windows' worth of bodies: three times the whole budget
      holding.push_back(co_await connect());
      co_await say(*holding.back(), all_but_one);
    }
  });
  run_until([&] {
    return places.size() == 6 && std::ranges::all_of(places, [](const auto& place) {
             return place->kept.size() > body / 2 - 100;
           });
  });
  EXPECT_EQ(status_of_last(request("/", Bytes(body, 'x'))), 200);
}

// Nor does it hold anything before a byte of it has come.
TEST_F(LongBodyTest, LengthsThatAreOnlyAnnouncedTakeNoRoom) {
  constexpr std::size_t body = 4 * long_body_bytes;
  open({.body_bytes_max = body, .bodies_bytes_max = 2 * body});
  const std::string head_alone = request("/", Bytes(body, 'x'));
  std::vector<std::unique_ptr<Stream>> holding;
  int places = 0;
  handler_.place = [&](const Request&) -> LongBodyPlace {
    ++places;
    return std::make_shared<KeptBody>();
  };
  run([&]() -> asio::awaitable<void> {
    for (int i = 0; i < 20; ++i) {
      holding.push_back(co_await connect());
      co_await say(*holding.back(), head_alone.substr(0, head_alone.size() - body));
    }
  });
  run_until([&] { return places == 20; });
  EXPECT_EQ(status_of_last(request("/", Bytes(body, 'x'))), 200);
}

TEST_F(LongBodyTest, AnAnswerIsSentPartByPartWithItsLength) {
  open();
  const Bytes whole(5'500, 'a');
  handler_.answer = [&](Request) -> asio::awaitable<Response> {
    Response response{.status = 200, .headers = {}, .body = {}};
    response.source = std::make_shared<PartsOfBytes>(whole);
    co_return response;
  };
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    Http1Client client(*stream);
    for (int turn = 0; turn < 2; ++turn) {
      const Request get = request_for("/");
      const Result<Response> response = co_await client.request(get, soon());
      EXPECT_TRUE(response && response->body == whole);
      EXPECT_EQ(response->header("content-length"), "5500");
    }
    Request only_head = request_for("/");
    only_head.method = "HEAD";
    const Result<Response> response = co_await client.request(only_head, soon());
    EXPECT_TRUE(response && response->body.empty());
    EXPECT_TRUE(client.reusable());
  });
}

TEST_F(LongBodyTest, AnAnswerWhoseRestHasGoneEndsTheConnection) {
  open();
  handler_.answer = [](Request) -> asio::awaitable<Response> {
    Response response{.status = 200, .headers = {}, .body = {}};
    response.source = std::make_shared<PartsOfBytes>(Bytes(1'500, 'a'), 1);
    co_return response;
  };
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    Http1Client client(*stream);
    const Request get = request_for("/");
    const Result<Response> response = co_await client.request(get, soon());
    EXPECT_FALSE(response);
  });
}

}  // namespace
}  // namespace reveille::http
