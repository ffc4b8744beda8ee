#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/dispatcher/http/listener_fixture.h"

namespace reveille::http {
namespace {

class SlowListenerTest : public ListenerTest {
 protected:
  // Answers when the test says so.
  void answer_when_released() {
    handler_.answer = [this](Request request) -> asio::awaitable<Response> {
      while (!released_) {
        asio::steady_timer timer(lane_, 1ms);
        co_await timer.async_wait(asio::use_awaitable);
      }
      Response response{.status = 200, .headers = {}, .body = request.target};
      co_return response;
    };
  }
  bool released_ = false;
};

TEST_F(SlowListenerTest, DrainingClosesIdleConnectionsAndFinishesBusyOnes) {
  open();
  answer_when_released();
  std::string answer;
  std::string nothing = "not read";
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> idle = co_await connect();
    const std::unique_ptr<Stream> busy = co_await connect();
    co_await say(*busy, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    while (handler_.requests.empty()) co_await asio::post(lane_, asio::use_awaitable);
    while (listener_->statistics().accepted < 2) co_await asio::post(lane_, asio::use_awaitable);

    listener_->drain();
    nothing = co_await read_to_end(*idle);
    released_ = true;
    answer = co_await read_to_end(*busy);
  });
  EXPECT_EQ(nothing, "");
  EXPECT_EQ(answer, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n/x");
  run_until([&] { return listener_->statistics().connections == 0; });
}

TEST_F(SlowListenerTest, ADrainedListenerTakesNoMore) {
  open();
  listener_->drain();
  run([&]() -> asio::awaitable<void> {
    asio::ip::tcp::socket socket(lane_);
    const asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), listener_->port());
    boost::system::error_code error;
    co_await asio::post(lane_, asio::use_awaitable);
    try {
      co_await socket.async_connect(endpoint, asio::use_awaitable);
    } catch (const boost::system::system_error& refused) {
      error = refused.code();
    }
    EXPECT_EQ(error, asio::error::connection_refused);
  });
}

TEST_F(SlowListenerTest, ConnectionsAboveTheLimitAreClosedAndTheOthersServed) {
  open({.connections_max = 2});
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> first = co_await connect();
    std::unique_ptr<Stream> second = co_await connect();
    while (listener_->statistics().connections < 2) {
      co_await asio::post(lane_, asio::use_awaitable);
    }
    const std::unique_ptr<Stream> third = co_await connect();
    const std::string nothing = co_await read_to_end(*third);
    EXPECT_EQ(nothing, "");
    EXPECT_EQ(listener_->statistics().refused, 1u);

    second.reset();
    while (listener_->statistics().connections > 1) {
      co_await asio::post(lane_, asio::use_awaitable);
    }
    const std::unique_ptr<Stream> fourth = co_await connect();
    Http1Client client(*fourth);
    const Request request = request_for("/x");
    Result<Response> response = co_await client.request(request, soon());
    EXPECT_TRUE(response) << response.error().detail;
  });
}

TEST_F(SlowListenerTest, AListenerMayGoWhileItsHandlersAreAtWork) {
  open();
  answer_when_released();
  std::string answer = "not read";
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    co_await say(*stream, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    while (handler_.requests.empty()) co_await asio::post(lane_, asio::use_awaitable);
    listener_.reset();
    released_ = true;
    answer = co_await read_to_end(*stream);
  });
  EXPECT_EQ(answer, "");
}

TEST_F(SlowListenerTest, EverythingMayGoAtOnceInTheMiddleOfAnExchange) {
  open();
  answer_when_released();
  std::unique_ptr<Stream> stream;
  run([&]() -> asio::awaitable<void> {
    stream = co_await connect();
    co_await say(*stream, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    while (handler_.requests.empty()) co_await asio::post(lane_, asio::use_awaitable);
  });
  // The fixture destroys the listener, then the lane with the frames that still wait on it.
}

TEST_F(SlowListenerTest, AHandlerCanTellThatNobodyWaitsForItsAnswer) {
  open();
  answer_when_released();
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    co_await say(*stream, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    while (handler_.requests.empty()) co_await asio::post(lane_, asio::use_awaitable);
    const auto& has_left = handler_.peers.at(0).has_left;
    EXPECT_FALSE(has_left());
    co_await say(*stream, "GET /y HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_FALSE(has_left());
    stream->close();
    while (!has_left()) co_await asio::post(lane_, asio::use_awaitable);
    released_ = true;
  });
}

TEST_F(SlowListenerTest, TwoListenersShareAPort) {
  open();
  auto second =
      Listener::open(lane_, {.port = listener_->port(), .shares_port = true}, handler_, log_);
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_EQ((*second)->port(), listener_->port());
}

// As another daemon would, which must not take half of our devices.
TEST_F(SlowListenerTest, APortThatSomebodyListensOnIsRefused) {
  open();
  const auto second = Listener::open(lane_, {.port = listener_->port()}, handler_, log_);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().detail.find("already in use"), std::string::npos)
      << second.error().detail;
}

TEST_F(SlowListenerTest, AnAddressThatIsNotOursIsAnError) {
  const auto nowhere = Listener::open(lane_, {.address = "192.0.2.1"}, handler_, log_);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::unavailable);
  EXPECT_NE(nowhere.error().detail.find("192.0.2.1"), std::string::npos);
  EXPECT_FALSE(Listener::open(lane_, {.address = "localhost"}, handler_, log_));
}

TEST_F(SlowListenerTest, RunningOutOfDescriptorsIsSurvived) {
  open();
  std::vector<std::unique_ptr<Stream>> clients;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  run([&]() -> asio::awaitable<void> {
    clients.push_back(co_await connect());  // whatever is opened lazily is open now
    while (listener_->statistics().accepted < 1) co_await asio::post(lane_, asio::use_awaitable);
    asio::ip::tcp::socket late(lane_, asio::ip::tcp::v4());
    // The next descriptor is the first that may not be had.
    rlimit tight = before;
    tight.rlim_cur = static_cast<rlim_t>(late.native_handle()) + 1;
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &tight), 0);
    const asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), listener_->port());
    co_await late.async_connect(endpoint, asio::use_awaitable);
    asio::steady_timer timer(lane_, 20ms);
    co_await timer.async_wait(asio::use_awaitable);
    EXPECT_EQ(listener_->statistics().accepted, 1u);

    ::setrlimit(RLIMIT_NOFILE, &before);
    const std::unique_ptr<Stream> stream = Stream::over(std::move(late));
    Http1Client client(*stream);
    const Request request = request_for("/x");
    Result<Response> response = co_await client.request(request, soon());
    EXPECT_TRUE(response) << response.error().detail;
  });
  ::setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace reveille::http
