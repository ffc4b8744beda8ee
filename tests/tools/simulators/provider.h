#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dispatcher/http/stream.h"
#include "dispatcher/http/tls_context.h"
#include "protocol/http/http2_client_session.h"

namespace reveille::simulators::apns::test {

using Tag = http::Http2ClientSession::Tag;

// A provider that does as it is told and keeps a record of what comes back: nothing of the
// dispatcher's client, whose care would hide what the simulator does.
class Provider final : public http::Http2ClientSession::Events,
                       public std::enable_shared_from_this<Provider> {
 public:
  Provider(boost::asio::io_context& lane, const http::TlsContext& tls, std::uint16_t port,
           std::string topic);

  void start();
  // `number` is its tag, and makes its token and apns-id unless they are given.
  void push(std::uint64_t number, std::string token = {}, std::string id = {});
  void ping();
  void cancel(std::uint64_t number);
  void close();

  static std::string token_of(std::uint64_t number);

  void on_response(Tag tag, http::Response response) override;
  void on_failure(Tag tag, http::StreamFailure failure) override { failures[tag] = failure; }
  void on_goaway(std::uint32_t error_code, BytesView debug_data) override;
  void on_ping_acknowledged() override { ++pongs; }

  std::map<Tag, http::Response> responses;
  std::map<Tag, http::StreamFailure> failures;
  std::vector<std::string> goaways;  // "code debug data"
  std::vector<Tag> order;            // of the responses
  std::uint64_t bytes_read = 0;
  int pongs = 0;
  bool ready = false;   // TLS is up
  bool ended = false;   // whoever ended it
  std::string problem;  // of the handshake or the connection; empty: it was closed in order
  http::Http2ClientSession session;

 private:
  boost::asio::awaitable<void> run(std::shared_ptr<Provider> self);
  boost::asio::awaitable<void> write(std::shared_ptr<Provider> self);
  void end(std::string why);

  boost::asio::io_context& lane_;
  const http::TlsContext& tls_;
  const std::uint16_t port_;
  const std::string topic_;
  std::unique_ptr<http::Stream> stream_;
  boost::asio::steady_timer output_waits_;
};

}  // namespace reveille::simulators::apns::test
