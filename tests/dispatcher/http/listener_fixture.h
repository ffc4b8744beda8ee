#pragma once

#include <gtest/gtest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/http/http_client.h"
#include "dispatcher/http/listener.h"
#include "dispatcher/http/stream.h"
#include "dispatcher/runtime/log.h"
#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"

namespace reveille::http {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// A handler made of what a test says; it keeps what it was asked.
class TestHandler final : public Handler {
 public:
  using Answer = std::function<asio::awaitable<Response>(Request request)>;

  asio::awaitable<Response> handle(Request request, const Peer& peer) override;

  std::size_t body_bytes_max(const Request& head, const Peer&) const override {
    return body_rule ? body_rule(head) : Handler::body_bytes_max(head, {});
  }

  LongBodyPlace find_place(const Request& head, const Peer& peer) override {
    return place ? place(head) : Handler::find_place(head, peer);
  }

  Answer answer;  // empty: 200 with "METHOD target body"
  std::function<std::size_t(const Request& head)> body_rule;
  std::function<LongBodyPlace(const Request& head)> place;
  std::vector<Request> requests;
  std::vector<Peer> peers;
};

struct Identity {
  pki::Certificate certificate;
  pki::PrivateKey key;
};
Identity make_authority(const std::string& name);
Identity make_identity(const std::string& name, const Identity& authority,
                       pki::CertificateTemplate::Purpose purpose);

// A listener and its clients on one lane, which the test's own thread runs.
class ListenerTest : public testing::Test {
 protected:
  ~ListenerTest() override;

  void open(const ListenerOptions& options = {});
  // Runs the lane until `work` has ended; a test that hangs fails within seconds.
  void run(std::function<asio::awaitable<void>()> work);
  void run_until(const std::function<bool()>& condition);

  asio::awaitable<std::unique_ptr<Stream>> connect();
  asio::awaitable<std::unique_ptr<Stream>> connect_tls(TlsContext context);
  // What the peer says until it closes, or an error's detail in brackets.
  asio::awaitable<std::string> read_to_end(Stream& stream);
  asio::awaitable<std::string> read_until(Stream& stream, std::string end);
  asio::awaitable<void> say(Stream& stream, std::string text);
  // The status of the first answer to `text` on a connection of its own, which must then be closed.
  int status_of_last(const std::string& text);
  static Stream::Deadline soon() { return std::chrono::steady_clock::now() + 5s; }

  TlsContext server_context(std::vector<std::string> protocols = {},
                            TlsContext::ServerOptions::ClientCertificate client =
                                TlsContext::ServerOptions::ClientCertificate::optional);
  TlsContext client_context(std::vector<std::string> protocols = {},
                            std::optional<Identity> identity = {});

  asio::io_context lane_{1};
  Log log_{LogOptions{.level = LogLevel::error, .format = LogFormat::text}};
  TestHandler handler_;
  std::unique_ptr<Listener> listener_;
  std::optional<Identity> server_authority_;
};

inline Request request_for(const std::string& target) {
  return {
      .method = "GET", .target = target, .authority = "mdm.example.org", .headers = {}, .body = {}};
}

}  // namespace reveille::http
