#include "tests/dispatcher/http/listener_fixture.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

namespace reveille::http {

asio::awaitable<Response> TestHandler::handle(Request request, const Peer& peer) {
  requests.push_back(request);
  peers.push_back(peer);
  if (answer) co_return co_await answer(std::move(request));
  Response response{.status = 200, .headers = {}, .body = {}};
  response.body = request.method + " " + request.target + " " + request.body;
  co_return response;
}

namespace {

pki::CertificateTemplate template_of(const std::string& name,
                                     pki::CertificateTemplate::Purpose purpose) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  pki::CertificateTemplate contents;
  contents.common_name = name;
  contents.dns_names = {"localhost"};
  contents.serial = Bytes(16, 'x') + name;
  contents.serial = contents.serial.substr(contents.serial.size() - 16);
  contents.not_before = now - 1h;
  contents.not_after = now + 24h;
  contents.purpose = purpose;
  return contents;
}

}  // namespace

Identity make_authority(const std::string& name) {
  const pki::PrivateKey key = pki::PrivateKey::generate_p256().value();
  const auto contents = template_of(name, pki::CertificateTemplate::Purpose::authority);
  return {pki::issue_self_signed(contents, key).value(), key};
}

Identity make_identity(const std::string& name, const Identity& authority,
                       pki::CertificateTemplate::Purpose purpose) {
  const pki::PrivateKey key = pki::PrivateKey::generate_p256().value();
  const auto contents = template_of(name, purpose);
  return {pki::issue(contents, key, authority.certificate, authority.key).value(), key};
}

ListenerTest::~ListenerTest() { listener_.reset(); }

void ListenerTest::open(const ListenerOptions& options) {
  auto opened = Listener::open(lane_, options, handler_, log_);
  ASSERT_TRUE(opened) << opened.error().detail;
  listener_ = *std::move(opened);
}

void ListenerTest::run(std::function<asio::awaitable<void>()> work) {
  bool done = false;
  asio::co_spawn(lane_, std::move(work), [&done](const std::exception_ptr& exception) {
    done = true;
    if (exception) std::rethrow_exception(exception);
  });
  run_until([&done] { return done; });
}

void ListenerTest::run_until(const std::function<bool()>& condition) {
  const auto limit = std::chrono::steady_clock::now() + 20s;
  lane_.restart();
  while (!condition()) {
    lane_.run_one_for(20ms);
    if (lane_.stopped()) lane_.restart();
    if (std::chrono::steady_clock::now() > limit) {
      ADD_FAILURE() << "nothing happens any more";
      std::abort();  // the frames on the lane point into the test that would end here
    }
  }
}

asio::awaitable<std::unique_ptr<Stream>> ListenerTest::connect() {
  asio::ip::tcp::socket socket(lane_);
  const asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), listener_->port());
  co_await socket.async_connect(endpoint, asio::use_awaitable);
  co_return Stream::over(std::move(socket));
}

asio::awaitable<std::unique_ptr<Stream>> ListenerTest::connect_tls(TlsContext context) {
  asio::ip::tcp::socket socket(lane_);
  const asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), listener_->port());
  co_await socket.async_connect(endpoint, asio::use_awaitable);
  co_return Stream::tls_client(std::move(socket), context, "localhost");
}

asio::awaitable<std::string> ListenerTest::read_to_end(Stream& stream) {
  std::string text;
  std::string buffer(4096, '\0');
  for (;;) {
    Result<std::size_t> count = co_await stream.read_some(buffer, soon());
    if (!count) co_return text + "[" + count.error().detail + "]";
    if (*count == 0) co_return text;
    text.append(buffer, 0, *count);
  }
}

asio::awaitable<std::string> ListenerTest::read_until(Stream& stream, std::string end) {
  std::string text;
  std::string buffer(4096, '\0');
  while (!text.ends_with(end)) {
    Result<std::size_t> count = co_await stream.read_some(buffer, soon());
    if (!count) co_return text + "[" + count.error().detail + "]";
    if (*count == 0) co_return text + "[closed]";
    text.append(buffer, 0, *count);
  }
  co_return text;
}

asio::awaitable<void> ListenerTest::say(Stream& stream, std::string text) {
  const Result<void> written = co_await stream.write(text, soon());
  EXPECT_TRUE(written) << written.error().detail;
}

int ListenerTest::status_of_last(const std::string& text) {
  std::string answer;
  run([&]() -> asio::awaitable<void> {
    const std::unique_ptr<Stream> stream = co_await connect();
    co_await say(*stream, text);
    answer = co_await read_to_end(*stream);
  });
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;  // whole, then closed in order
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << answer;
  int status = 0;
  if (answer.starts_with("HTTP/1.1 "))
    std::from_chars(answer.data() + 9, answer.data() + 12, status);
  return status;
}

TlsContext ListenerTest::server_context(std::vector<std::string> protocols,
                                        TlsContext::ServerOptions::ClientCertificate client) {
  if (!server_authority_) server_authority_ = make_authority("server authority");
  const Identity identity =
      make_identity("localhost", *server_authority_, pki::CertificateTemplate::Purpose::tls_server);
  return TlsContext::for_server({.chain = {identity.certificate},
                                 .key = identity.key,
                                 .protocols = std::move(protocols),
                                 .client_certificate = client,
                                 .client_issuers = {}})
      .value();
}

TlsContext ListenerTest::client_context(std::vector<std::string> protocols,
                                        std::optional<Identity> identity) {
  TlsContext::ClientOptions options;
  options.anchors = {server_authority_->certificate};
  options.protocols = std::move(protocols);
  if (identity) {
    options.certificate = identity->certificate;
    options.key = identity->key;
  }
  return TlsContext::for_client(options).value();
}

}  // namespace reveille::http
