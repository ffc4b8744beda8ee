#include "dispatcher/apns/dial.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>

#include "tests/dispatcher/apns/client_fixture.h"

namespace reveille::apns::test {
namespace {

using boost::asio::ip::make_address;
using boost::asio::ip::tcp;

// A host with several addresses, each of which takes a connection and ends it.
class DialTest : public testing::Test {
 protected:
  DialTest() { accept(); }

  void accept() {
    acceptor.async_accept([this](boost::system::error_code error, tcp::socket /*ended*/) {
      if (error) return;
      ++begun;
      accept();
    });
  }

  Error dial_fails() {
    DialTarget target{.host = "host.example",
                      .port = port,
                      .proxy_host = {},
                      .proxy_port = 0,
                      .tls = http::TlsContext::for_client({}).value(),
                      .in_use = {},
                      .seed = 0,
                      .deadline = std::chrono::steady_clock::now() + 30s};
    std::optional<Error> why;
    const auto run = [&]() -> boost::asio::awaitable<void> {
      auto dialled = co_await dial_one_of(lane, candidates, addresses, limit, std::move(target));
      EXPECT_FALSE(dialled);
      if (!dialled) why = dialled.error();
      acceptor.close();
    };
    boost::asio::co_spawn(lane, run, boost::asio::detached);
    lane.restart();
    lane.run();
    return why.value_or(Error{});
  }

  boost::asio::io_context lane{1};
  tcp::acceptor acceptor{lane, {boost::asio::ip::address_v4::any(), 0}};
  const std::uint16_t port = acceptor.local_endpoint().port();
  std::vector<boost::asio::ip::address> candidates{
      make_address("127.0.0.2"), make_address("127.0.0.3"), make_address("127.0.0.4"),
      make_address("127.0.0.5")};
  AddressBook addresses;
  DialLimit limit{10};
  std::size_t begun = 0;
};

TEST_F(DialTest, EachAddressThatIsTriedCountsAsAConnection) {
  EXPECT_TRUE(dial_fails().detail.starts_with("127.0.0.5 ")) << "the last one";

  EXPECT_EQ(begun, 4u);
  const auto now = std::chrono::steady_clock::now();
  for (std::size_t i = begun; i < 10; ++i) {
    EXPECT_LE(limit.next_allowed(now), now) << i;
    limit.count(now);
  }
  EXPECT_GT(limit.next_allowed(now), now);
}

TEST_F(DialTest, ADialGoesOnToTheNextAddressOnlyAsFarAsTheLimitAllows) {
  limit = DialLimit(3);

  EXPECT_TRUE(dial_fails().detail.starts_with("127.0.0.4 ")) << "the third";

  EXPECT_EQ(begun, 3u);
  EXPECT_EQ(dial_fails().detail, "no more connections are allowed for a minute");
}

}  // namespace
}  // namespace reveille::apns::test
