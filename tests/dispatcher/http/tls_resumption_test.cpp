// The peer is OpenSSL's own blocking client on a thread, since Stream keeps no sessions.
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/dispatcher/http/listener_fixture.h"

namespace reveille::http {
namespace {

struct SessionFree {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Session = std::unique_ptr<SSL_SESSION, SessionFree>;

const std::string request_text = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

class BlockingClient {
 public:
  BlockingClient(SSL_CTX* context, std::uint16_t port, SSL_SESSION* session) {
    descriptor_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    connected_ = ::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, descriptor_);
    if (session != nullptr) SSL_set_session(ssl_, session);
    connected_ = connected_ && SSL_connect(ssl_) == 1;
  }
  ~BlockingClient() {
    SSL_shutdown(ssl_);
    SSL_free(ssl_);
    ::close(descriptor_);
  }
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;

  bool exchange() {
    if (!connected_) return false;
    if (SSL_write(ssl_, request_text.data(), static_cast<int>(request_text.size())) <= 0) {
      return false;
    }
    std::string answer(4096, '\0');
    const int count = SSL_read(ssl_, answer.data(), static_cast<int>(answer.size()));
    return count > 0 && answer.starts_with("HTTP/1.1 200 OK\r\n");
  }
  bool resumed() const { return SSL_session_reused(ssl_) == 1; }
  Session session() const { return Session(SSL_get1_session(ssl_)); }
  SSL* native() { return ssl_; }

 private:
  int descriptor_;
  SSL* ssl_;
  bool connected_ = false;
};

class TlsResumptionTest : public ListenerTest {
 protected:
  TlsResumptionTest() {
    ListenerOptions options;
    options.tls = server_context();
    open(options);
    const Identity authority = make_authority("device authority");
    device_ = make_identity("device 1", authority, pki::CertificateTemplate::Purpose::tls_client);
    context_ = client_context({}, device_);
    SSL_CTX_set_verify(context_->native(), SSL_VERIFY_NONE, nullptr);
  }

  // Runs the lane here while `work` blocks on a thread of its own.
  void beside(const std::function<void()>& work) {
    std::atomic<bool> done = false;
    std::jthread thread([&] {
      work();
      done = true;
    });
    run_until([&] { return done.load(); });
  }

  void expect_resumption() {
    Session session;
    bool resumed_first = true;
    bool resumed_later = false;
    bool exchanged = false;
    beside([&] {
      BlockingClient first(context_->native(), listener_->port(), nullptr);
      exchanged = first.exchange();
      resumed_first = first.resumed();
      session = first.session();
    });
    beside([&] {
      BlockingClient later(context_->native(), listener_->port(), session.get());
      exchanged = exchanged && later.exchange();
      resumed_later = later.resumed();
    });
    EXPECT_TRUE(exchanged);
    EXPECT_FALSE(resumed_first);
    EXPECT_TRUE(resumed_later);
    ASSERT_EQ(handler_.peers.size(), 2u);
    EXPECT_EQ(handler_.peers[0].certificate, device_->certificate);
    EXPECT_EQ(handler_.peers[1].certificate, device_->certificate);
  }

  std::optional<Identity> device_;
  std::optional<TlsContext> context_;
};

TEST_F(TlsResumptionTest, AResumedSessionOfTls13KeepsItsCertificate) { expect_resumption(); }

TEST_F(TlsResumptionTest, AResumedSessionOfTls12KeepsItsCertificate) {
  SSL_CTX_set_max_proto_version(context_->native(), TLS1_2_VERSION);
  expect_resumption();
}

TEST_F(TlsResumptionTest, ASessionOfAReplacedCertificateStartsAnew) {
  Session session;
  beside([&] {
    BlockingClient first(context_->native(), listener_->port(), nullptr);
    EXPECT_TRUE(first.exchange());
    session = first.session();
  });
  listener_->replace_tls(server_context());
  beside([&] {
    BlockingClient later(context_->native(), listener_->port(), session.get());
    EXPECT_TRUE(later.exchange());
    EXPECT_FALSE(later.resumed());
  });
}

TEST_F(TlsResumptionTest, AKeyUpdateIsAnsweredInTheMiddleOfAConnection) {
  beside([&] {
    BlockingClient client(context_->native(), listener_->port(), nullptr);
    EXPECT_TRUE(client.exchange());
    EXPECT_EQ(SSL_key_update(client.native(), SSL_KEY_UPDATE_REQUESTED), 1);
    EXPECT_TRUE(client.exchange());
    EXPECT_TRUE(client.exchange());
  });
}

TEST_F(TlsResumptionTest, RenegotiationIsRefused) {
  SSL_CTX_clear_options(context_->native(), SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_max_proto_version(context_->native(), TLS1_2_VERSION);
  beside([&] {
    BlockingClient client(context_->native(), listener_->port(), nullptr);
    EXPECT_TRUE(client.exchange());
    SSL_renegotiate(client.native());
    EXPECT_NE(SSL_do_handshake(client.native()), 1);
  });
}

TEST_F(TlsResumptionTest, OlderTlsIsRefused) {
  SSL_CTX_set_min_proto_version(context_->native(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_->native(), TLS1_1_VERSION);
  SSL_CTX_set_cipher_list(context_->native(), "ALL:@SECLEVEL=0");
  beside([&] {
    BlockingClient client(context_->native(), listener_->port(), nullptr);
    EXPECT_FALSE(client.exchange());
  });
  run_until([&] { return listener_->statistics().handshakes_failed == 1; });
}

}  // namespace
}  // namespace reveille::http
