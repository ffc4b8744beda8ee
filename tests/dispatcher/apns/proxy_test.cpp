// Through an HTTP proxy.
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "dispatcher/apns/proxy_tunnel.h"
#include "tests/dispatcher/apns/client_fixture.h"

namespace reveille::apns::test {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// Takes each CONNECT to a loopback port, on a thread of its own.
class Proxy {
 public:
  // An empty answer: it never says a word.
  explicit Proxy(std::string answer)
      : answer_(std::move(answer)), acceptor_(context_, {asio::ip::address_v4::loopback(), 0}) {
    asio::co_spawn(context_, accept(), asio::detached);
    thread_ = std::jthread([this] { context_.run(); });
  }
  ~Proxy() {
    context_.stop();
    thread_.join();
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string first_line() {
    const std::lock_guard lock(mutex_);
    return first_line_;
  }

 private:
  asio::awaitable<void> accept() {
    for (;;) {
      auto socket = std::make_shared<tcp::socket>(co_await acceptor_.async_accept(asio::use_awaitable));
      asio::co_spawn(context_, serve(std::move(socket)), asio::detached);
    }
  }
  asio::awaitable<void> serve(std::shared_ptr<tcp::socket> socket) {
    std::string head;
    co_await asio::async_read_until(*socket, asio::dynamic_buffer(head), "\r\n\r\n",
                                    asio::use_awaitable);
    {
      const std::lock_guard lock(mutex_);
      first_line_ = head.substr(0, head.find("\r\n"));
    }
    if (answer_.empty()) {
      silent_.push_back(std::move(socket));
      co_return;
    }
    co_await asio::async_write(*socket, asio::buffer(answer_), asio::use_awaitable);
    if (!answer_.starts_with("HTTP/1.1 200")) co_return;
    const std::size_t colon = first_line_.find(':');
    const auto target = static_cast<std::uint16_t>(std::stoi(first_line_.substr(colon + 1)));
    auto other = std::make_shared<tcp::socket>(context_);
    const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), target);
    co_await other->async_connect(endpoint, asio::use_awaitable);
    asio::co_spawn(context_, relay(socket, other), asio::detached);
    co_await relay(other, socket);
  }
  static asio::awaitable<void> relay(std::shared_ptr<tcp::socket> from,
                                     std::shared_ptr<tcp::socket> to) {
    std::array<char, 16'384> buffer;
    boost::system::error_code error;
    for (;;) {
      const std::size_t count = co_await from->async_read_some(
          asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      co_await asio::async_write(*to, asio::buffer(buffer, count),
                                 asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
    }
    boost::system::error_code ignored;
    to->shutdown(tcp::socket::shutdown_send, ignored);
  }

  const std::string answer_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  std::vector<std::shared_ptr<tcp::socket>> silent_;
  std::mutex mutex_;
  std::string first_line_;
  std::jthread thread_;
};

TEST_F(ClientTest, PushesGoThroughAProxy) {
  Proxy proxy("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
  start_peer();
  options.proxy_host = "127.0.0.1";
  options.proxy_port = proxy.port();
  start_client();

  submit_and_wait(0, 1'000);

  expect_all_accepted(1'000);
  EXPECT_EQ(proxy.first_line(), "CONNECT 127.0.0.1:" + std::to_string(peer->port()) + " HTTP/1.1");
  stop_client();
}

TEST_F(ClientTest, AProxyThatRefusesIsNamedInTheError) {
  options.push_timeout = 200ms;
  Proxy proxy("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
  start_peer();
  options.proxy_host = "127.0.0.1";
  options.proxy_port = proxy.port();
  start_client();

  submit_and_wait(0, 1);

  EXPECT_EQ(outcomes_of(0).at(0).failure, "no connection to APNs");
  EXPECT_NE(statistics().last_connect_error.find("407 Proxy"), std::string::npos);
}

TEST_F(ClientTest, AProxyThatNeverAnswersIsGivenUpAtTheConnectDeadline) {
  options.connect_timeout = 50ms;
  options.push_timeout = 400ms;
  Proxy proxy("");
  start_peer();
  options.proxy_host = "127.0.0.1";
  options.proxy_port = proxy.port();
  start_client();

  submit_and_wait(0, 1);

  EXPECT_EQ(outcomes_of(0).at(0).failure, "no connection to APNs");
  EXPECT_GE(statistics().connect_failures, 2u) << "it tried again";
  EXPECT_EQ(peer->record().connections, 0u);
}

TEST(ProxyTunnelTest, TheRequestNamesHostAndPort) {
  EXPECT_EQ(tunnel_request("api.push.apple.com", 2197),
            "CONNECT api.push.apple.com:2197 HTTP/1.1\r\nHost: api.push.apple.com:2197\r\n\r\n");
  EXPECT_EQ(tunnel_request("2001:db8::1", 443).substr(0, 33), "CONNECT [2001:db8::1]:443 HTTP/1.");
}

TEST(ProxyTunnelTest, OnlyAWholeAnswerOfTheTwoHundredsIsATunnel) {
  EXPECT_FALSE(judge_tunnel_answer("HTTP/1.1 200 OK\r\n").has_value());
  EXPECT_TRUE(judge_tunnel_answer("HTTP/1.0 200 OK\r\n\r\n")->has_value());
  EXPECT_FALSE(judge_tunnel_answer("HTTP/1.1 502 Bad Gateway\r\n\r\n")->has_value());
  EXPECT_FALSE(judge_tunnel_answer("SSH-2.0-OpenSSH_9.2\r\n\r\n")->has_value());
  EXPECT_FALSE(judge_tunnel_answer("HTTP/1.1 200 OK\r\n\r\nmore")->has_value());
  EXPECT_FALSE(judge_tunnel_answer(std::string(9'000, 'x'))->has_value());
}

}  // namespace
}  // namespace reveille::apns::test
