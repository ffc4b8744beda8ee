#include <malloc.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/dispatcher/http/listener_fixture.h"

namespace reveille::http {
namespace {

using ClientCertificate = TlsContext::ServerOptions::ClientCertificate;
using Purpose = pki::CertificateTemplate::Purpose;

class TlsTest : public ListenerTest {
 protected:
  void open_tls(TlsContext context, std::chrono::milliseconds handshake_timeout = 5s) {
    ListenerOptions options;
    options.tls = std::move(context);
    options.handshake_timeout = handshake_timeout;
    open(options);
  }

  // Shakes hands and makes one exchange.
  Result<Response> exchange(TlsContext context) {
    Result<Response> outcome = failure(ErrorCode::unavailable, "not run");
    run([&]() -> asio::awaitable<void> {
      const std::unique_ptr<Stream> stream = co_await connect_tls(context);
      Result<void> shaken = co_await stream->handshake(soon());
      if (!shaken) {
        outcome = std::unexpected(shaken.error());
        co_return;
      }
      protocol = stream->protocol();
      Http1Client client(*stream);
      const Request request = request_for("/x");
      outcome = co_await client.request(request, soon());
    });
    return outcome;
  }

  std::string protocol;
};

TEST_F(TlsTest, TheHandlerSeesTheCertificateWhoeverIssuedIt) {
  open_tls(server_context());
  const Identity stranger = make_authority("somebody else's authority");
  const Identity device = make_identity("device 1", stranger, Purpose::tls_client);

  EXPECT_TRUE(exchange(client_context({}, device)));
  ASSERT_EQ(handler_.peers.size(), 1u);
  EXPECT_EQ(handler_.peers[0].certificate, device.certificate);
  EXPECT_TRUE(handler_.peers[0].address.starts_with("127.0.0.1:"));
}

TEST_F(TlsTest, AClientMayComeWithoutACertificate) {
  open_tls(server_context());
  EXPECT_TRUE(exchange(client_context()));
  EXPECT_EQ(handler_.peers.at(0).certificate, std::nullopt);
}

TEST_F(TlsTest, AClientWithoutCertificateIsRefusedWhereOneIsRequired) {
  open_tls(server_context({}, ClientCertificate::required));
  const Result<Response> outcome = exchange(client_context());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::unauthorised);  // the alert
  EXPECT_TRUE(handler_.requests.empty());
  run_until([&] { return listener_->statistics().handshakes_failed == 1; });
}

TEST_F(TlsTest, WhereNoneIsAskedForNoneIsSeen) {
  open_tls(server_context({}, ClientCertificate::none));
  const Identity authority = make_authority("authority");
  const Identity device = make_identity("device 1", authority, Purpose::tls_client);
  EXPECT_TRUE(exchange(client_context({}, device)));
  EXPECT_EQ(handler_.peers.at(0).certificate, std::nullopt);
}

TEST_F(TlsTest, HandshakesOfManyAtOnceAreAllFinished) {
  constexpr std::size_t many = 40;  // more than begin in one round of the lane
  open_tls(server_context());
  const TlsContext context = client_context();
  std::size_t shaken = 0;
  const auto shake_hands = [&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect_tls(context);
    if (co_await stream->handshake(soon())) ++shaken;
  };
  for (std::size_t i = 0; i < many; ++i) asio::co_spawn(lane_, shake_hands, asio::detached);

  run_until([&] { return shaken == many; });
  EXPECT_EQ(listener_->statistics().handshakes_failed, 0u);
}

TEST_F(TlsTest, AServerOfAnUnknownAuthorityIsRefusedByTheClient) {
  open_tls(server_context());
  server_authority_ = make_authority("another authority");
  const Result<Response> outcome = exchange(client_context());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::unauthorised);
  EXPECT_NE(outcome.error().detail.find("certificate"), std::string::npos);
}

TEST_F(TlsTest, AServerOfAnotherNameIsRefusedUnlessNamesDoNotMatter) {
  server_authority_ = make_authority("server authority");
  const pki::PrivateKey key = pki::PrivateKey::generate_p256().value();
  pki::CertificateTemplate contents;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  contents.common_name = "elsewhere.example";
  contents.dns_names = {"elsewhere.example"};
  contents.serial = Bytes(16, 's');
  contents.not_before = now - 1h;
  contents.not_after = now + 1h;
  contents.purpose = Purpose::tls_server;
  const pki::Certificate certificate =
      pki::issue(contents, key, server_authority_->certificate, server_authority_->key).value();
  open_tls(TlsContext::for_server(
               {.chain = {certificate}, .key = key, .protocols = {}, .client_issuers = {}})
               .value());

  const Result<Response> refused = exchange(client_context());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unauthorised);

  TlsContext::ClientOptions any_name;
  any_name.anchors = {server_authority_->certificate};
  any_name.verify_host = false;
  EXPECT_TRUE(exchange(TlsContext::for_client(any_name).value()));
}

TEST_F(TlsTest, TheServersPreferenceChoosesTheProtocol) {
  open_tls(server_context({"http/1.1", "h2"}));
  EXPECT_TRUE(exchange(client_context({"h2", "http/1.1"})));
  EXPECT_EQ(protocol, "http/1.1");
  EXPECT_TRUE(exchange(client_context()));
  EXPECT_EQ(protocol, "");
}

TEST_F(TlsTest, NoProtocolInCommonEndsTheHandshake) {
  open_tls(server_context({"h2", "http/1.1"}));
  const Result<Response> outcome = exchange(client_context({"spdy/3"}));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::unauthorised);
}

TEST_F(TlsTest, APeerThatSpeaksNoTlsIsDropped) {
  open_tls(server_context());
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    co_await say(*stream, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)co_await read_to_end(*stream);
  });
  EXPECT_EQ(listener_->statistics().handshakes_failed, 1u);
  EXPECT_TRUE(handler_.requests.empty());
}

TEST_F(TlsTest, APeerThatNeverShakesHandsIsDropped) {
  open_tls(server_context(), 50ms);
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    const std::string nothing = co_await read_to_end(*stream);
    EXPECT_EQ(nothing, "");
  });
  run_until([&] { return listener_->statistics().connections == 0; });
  EXPECT_EQ(listener_->statistics().handshakes_failed, 1u);
}

TEST_F(TlsTest, ANewCertificateIsUsedByLaterConnectionsAndDropsNoneThatAreOpen) {
  open_tls(server_context());
  const TlsContext old_trust = client_context();
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> kept = co_await connect_tls(old_trust);
    Result<void> shaken = co_await kept->handshake(soon());
    EXPECT_TRUE(shaken);
    const auto before = kept->peer_certificate();

    server_authority_.reset();  // server_context() makes a new one
    listener_->replace_tls(server_context());
    const TlsContext new_trust = client_context();
    const std::unique_ptr<Stream> later = co_await connect_tls(new_trust);
    shaken = co_await later->handshake(soon());
    EXPECT_TRUE(shaken) << shaken.error().detail;
    EXPECT_NE(later->peer_certificate(), before);

    Http1Client client(*kept);
    const Request request = request_for("/x");
    Result<Response> response = co_await client.request(request, soon());
    EXPECT_TRUE(response) << response.error().detail;
  });
}

TEST_F(TlsTest, LargeBodiesTravelBothWaysAtOnceOverOneStream) {
  // The peer echoes while it still receives: its reads and writes are pending together.
  asio::ip::tcp::acceptor acceptor(lane_, {asio::ip::address_v4::loopback(), 0});
  const TlsContext context = server_context();
  const std::string sent(4u << 20, 's');
  std::string received;
  asio::co_spawn(
      lane_,
      [&]() -> asio::awaitable<void> {
        asio::ip::tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
        const std::unique_ptr<Stream> stream = Stream::tls_server(std::move(socket), context);
        (void)co_await stream->handshake(soon());
        std::string buffer(16 * 1024, '\0');
        for (std::size_t total = 0; total < sent.size();) {
          Result<std::size_t> count = co_await stream->read_some(buffer, soon());
          if (!count || *count == 0) break;
          total += *count;
          (void)co_await stream->write(BytesView(buffer).substr(0, *count), soon());
        }
      },
      [](const std::exception_ptr&) {});
  run([&]() -> asio::awaitable<void> {
    asio::ip::tcp::socket socket(lane_);
    co_await socket.async_connect(acceptor.local_endpoint(), asio::use_awaitable);
    const std::unique_ptr<Stream> stream =
        Stream::tls_client(std::move(socket), client_context(), "localhost");
    (void)co_await stream->handshake(soon());
    bool written = false;
    asio::co_spawn(
        lane_,
        [&]() -> asio::awaitable<void> {
          const Result<void> outcome = co_await stream->write(sent, soon());
          EXPECT_TRUE(outcome) << outcome.error().detail;
          written = true;
        },
        [](const std::exception_ptr&) {});
    std::string buffer(16 * 1024, '\0');
    while (received.size() < sent.size()) {
      Result<std::size_t> count = co_await stream->read_some(buffer, soon());
      EXPECT_TRUE(count) << count.error().detail;
      if (!count || *count == 0) break;
      received.append(buffer, 0, *count);
    }
    EXPECT_TRUE(written);
  });
  EXPECT_TRUE(received == sent);
}

TEST_F(TlsTest, AReadThatTimesOutLeavesAPendingWriteAlone) {
  // Nobody reads at the other end until the read here has timed out.
  asio::ip::tcp::acceptor acceptor(lane_, {asio::ip::address_v4::loopback(), 0});
  const std::string sent(16u << 20, 's');
  bool written = false;
  run([&]() -> asio::awaitable<void> {
    asio::ip::tcp::socket socket(lane_);
    co_await socket.async_connect(acceptor.local_endpoint(), asio::use_awaitable);
    asio::ip::tcp::socket accepted = co_await acceptor.async_accept(asio::use_awaitable);
    const std::unique_ptr<Stream> ours = Stream::over(std::move(socket));
    const std::unique_ptr<Stream> theirs = Stream::over(std::move(accepted));
    asio::co_spawn(
        lane_,
        [&]() -> asio::awaitable<void> {
          const Result<void> outcome = co_await ours->write(sent, soon());
          EXPECT_TRUE(outcome) << outcome.error().detail;
          written = outcome.has_value();
        },
        [](const std::exception_ptr&) {});
    std::string buffer(64 * 1024, '\0');
    const auto moment = std::chrono::steady_clock::now() + 20ms;
    Result<std::size_t> nothing = co_await ours->read_some(buffer, moment);
    EXPECT_FALSE(nothing);
    EXPECT_EQ(nothing.error().detail, "the peer took too long");
    for (std::size_t total = 0; total < sent.size();) {
      Result<std::size_t> count = co_await theirs->read_some(buffer, soon());
      EXPECT_TRUE(count) << count.error().detail;
      if (!count || *count == 0) break;
      total += *count;
    }
    for (int turn = 0; turn < 100 && !written; ++turn) {
      co_await asio::post(lane_, asio::use_awaitable);
    }
  });
  EXPECT_TRUE(written);
}

// Request, close_notify and FIN may lie in the socket together: whoever has read less than there was
// room for must still hear of the end.
TEST_F(TlsTest, APeerThatAsksAndHangsUpAtOnceIsAnsweredAndSeenToLeave) {
  open_tls(server_context());
  std::string answer;
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect_tls(client_context());
    EXPECT_TRUE(co_await stream->handshake(soon()));
    const Bytes request = "GET /x HTTP/1.1\r\nHost: mdm.example.org\r\n\r\n";
    EXPECT_TRUE(co_await stream->write(request, soon()));
    stream->end_writing();
    answer = co_await read_to_end(*stream);
  });
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << answer;
  run_until([this] { return listener_->statistics().connections == 0; });
}

TEST_F(TlsTest, ClosingEndsAPendingRead) {
  asio::ip::tcp::acceptor acceptor(lane_, {asio::ip::address_v4::loopback(), 0});
  run([&]() -> asio::awaitable<void> {
    asio::ip::tcp::socket socket(lane_);
    co_await socket.async_connect(acceptor.local_endpoint(), asio::use_awaitable);
    const std::unique_ptr<Stream> stream = Stream::over(std::move(socket));
    asio::post(lane_, [&] { stream->close(); });
    std::string buffer(16, '\0');
    Result<std::size_t> count = co_await stream->read_some(buffer, soon());
    EXPECT_FALSE(count);
    EXPECT_EQ(count.error().code, ErrorCode::unavailable);
  });
}

// Issue 5's bound, resident; what the heap holds of it is told apart from the clients' share by
// ending those while the lane stands still.
TEST_F(TlsTest, AnIdleConnectionHoldsNoBuffers) {
  if (::mallinfo2().uordblks == 0) GTEST_SKIP() << "another allocator counts";
  open_tls(server_context());
  const Identity authority = make_authority("authority");
  const Identity device = make_identity("device 1", authority, Purpose::tls_client);
  const TlsContext context = client_context({}, device);
  constexpr std::size_t connections = 100;
  constexpr std::size_t warm_up = 10;  // what is made once is there then
  std::vector<std::unique_ptr<Stream>> clients;
  std::size_t before = 0;
  run([&]() -> asio::awaitable<void> {
    for (std::size_t i = 0; i < warm_up + connections; ++i) {
      if (i == warm_up) {
        before = ::mallinfo2().uordblks;
        clients.reserve(connections);
      }
      std::unique_ptr<Stream> stream = co_await connect_tls(context);
      const Result<void> shaken = co_await stream->handshake(soon());
      EXPECT_TRUE(shaken);
      Http1Client client(*stream);
      const Request request = request_for("/x");
      Result<Response> response = co_await client.request(request, soon());
      EXPECT_TRUE(response);
      handler_.peers.clear();
      handler_.requests.clear();
      clients.push_back(std::move(stream));
    }
  });
  clients.clear();
  const std::size_t bytes = (::mallinfo2().uordblks - before) / connections;
  RecordProperty("bytes", static_cast<int>(bytes));
  EXPECT_GT(bytes, 8u * 1024);  // a session alone is more: the count is right
  EXPECT_LT(bytes, 24u * 1024);
}

TEST(TlsContextTest, WhatDoesNotFitTogetherIsRefused) {
  const Identity authority = make_authority("authority");
  const Identity server = make_identity("localhost", authority, Purpose::tls_server);
  const Identity other = make_identity("localhost", authority, Purpose::tls_server);

  EXPECT_FALSE(TlsContext::for_server(
      {.chain = {}, .key = server.key, .protocols = {}, .client_issuers = {}}));
  EXPECT_FALSE(TlsContext::for_server(
      {.chain = {server.certificate}, .key = other.key, .protocols = {}, .client_issuers = {}}));
  EXPECT_FALSE(TlsContext::for_server(
      {.chain = {server.certificate}, .key = server.key, .protocols = {""}, .client_issuers = {}}));
  TlsContext::ClientOptions half;
  half.certificate = server.certificate;
  EXPECT_FALSE(TlsContext::for_client(half));
}

}  // namespace
}  // namespace reveille::http
