// Behind proxies: who may connect, and what a PROXY header changes.
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "tests/dispatcher/http/listener_fixture.h"

namespace reveille::http {
namespace {

const std::string request_text = "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const std::string header = "PROXY TCP4 203.0.113.9 192.0.2.1 50123 443\r\n";

class ProxiedTest : public ListenerTest {
 protected:
  static AddressSet set(const std::string& peer) { return AddressSet::make({peer}).value(); }

  // What a connection gets for `text`, said in one piece or byte by byte.
  std::string said_to(const std::string& text, std::size_t piece = 10'000) {
    std::string answer;
    run([&]() -> asio::awaitable<void> {
      const std::unique_ptr<Stream> stream = co_await connect();
      for (std::size_t at = 0; at < text.size(); at += piece) {
        std::string part = text.substr(at, piece);
        co_await say(*stream, std::move(part));
      }
      answer = co_await read_to_end(*stream);
    });
    return answer;
  }
  void open_for(const std::string& admitted, const std::string& proxy_protocol_from) {
    ListenerOptions options;
    if (!admitted.empty()) options.admitted = set(admitted);
    if (!proxy_protocol_from.empty()) options.proxy_protocol_from = set(proxy_protocol_from);
    options.handshake_timeout = 200ms;
    open(options);
  }
};

TEST_F(ProxiedTest, WhoIsNotAdmittedIsClosedAtOnceAndCounted) {
  open_for("192.0.2.7", "");
  EXPECT_FALSE(said_to(request_text).starts_with("HTTP/"));
  EXPECT_TRUE(handler_.requests.empty());
  EXPECT_EQ(listener_->statistics().refused, 1u);
}

TEST_F(ProxiedTest, WhoIsAdmittedIsServedAndWroteTheRequest) {
  open_for("127.0.0.0/8", "");
  EXPECT_TRUE(said_to(request_text).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(handler_.peers.at(0).address.starts_with("127.0.0.1:"));
  EXPECT_FALSE(handler_.peers.at(0).relay);
}

TEST_F(ProxiedTest, AProxyHeaderBeforePlainHttpNamesThePeerAndLeavesTheWordToTheProxy) {
  open_for("127.0.0.1", "127.0.0.1");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{10'000}}) {
    EXPECT_TRUE(said_to(header + request_text, piece).starts_with("HTTP/1.1 200"));
    EXPECT_EQ(handler_.peers.back().address, "203.0.113.9:50123");
    EXPECT_TRUE(handler_.peers.back().relay.value_or("").starts_with("127.0.0.1:"));
  }
}

TEST_F(ProxiedTest, WithoutTheHeaderATrustedProxyIsNotServed) {
  open_for("127.0.0.1", "127.0.0.1");
  EXPECT_FALSE(said_to(request_text).starts_with("HTTP/"));
  EXPECT_EQ(listener_->statistics().handshakes_failed, 1u);
  EXPECT_TRUE(handler_.requests.empty());
}

TEST_F(ProxiedTest, AHeaderThatStopsRunsIntoTheDeadline) {
  open_for("", "127.0.0.1");
  EXPECT_FALSE(said_to(header.substr(0, 20)).starts_with("HTTP/"));
  EXPECT_EQ(listener_->statistics().handshakes_failed, 1u);
}

TEST_F(ProxiedTest, AHeaderFromAnybodyElseIsABrokenRequest) {
  open_for("", "192.0.2.7");
  EXPECT_TRUE(said_to(header + request_text).starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(handler_.requests.empty());
}

TEST_F(ProxiedTest, AHeaderBeforeTlsNamesThePeerWhoWroteTheRequestItself) {
  ListenerOptions options;
  options.tls = server_context();
  options.proxy_protocol_from = set("127.0.0.1");
  open(options);
  run([&]() -> asio::awaitable<void> {
    asio::ip::tcp::socket socket(lane_);
    const asio::ip::tcp::endpoint there(asio::ip::address_v4::loopback(), listener_->port());
    co_await socket.async_connect(there, asio::use_awaitable);
    co_await asio::async_write(socket, asio::buffer(header), asio::use_awaitable);
    const TlsContext context = client_context();
    const std::unique_ptr<Stream> stream =
        Stream::tls_client(std::move(socket), context, "localhost");
    const Result<void> shaken = co_await stream->handshake(soon());
    EXPECT_TRUE(shaken) << shaken.error().detail;
    co_await say(*stream, request_text);
    const std::string answer = co_await read_to_end(*stream);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  });
  EXPECT_EQ(handler_.peers.at(0).address, "203.0.113.9:50123");
  EXPECT_FALSE(handler_.peers.at(0).relay) << "its own header is not the proxy's word";
}

}  // namespace
}  // namespace reveille::http
