#include "tests/tools/simulators/provider.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace reveille::simulators::apns::test {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

http::Stream::Deadline soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(20);
}

}  // namespace

Provider::Provider(asio::io_context& lane, const http::TlsContext& tls, std::uint16_t port,
                   std::string topic)
    : session(*this, {}),
      lane_(lane),
      tls_(tls),
      port_(port),
      topic_(std::move(topic)),
      output_waits_(lane, asio::steady_timer::time_point::max()) {}

void Provider::start() { asio::co_spawn(lane_, run(shared_from_this()), asio::detached); }

std::string Provider::token_of(std::uint64_t number) { return fmt::format("{:064x}", number); }

void Provider::push(std::uint64_t number, std::string token, std::string id) {
  using http::Indexing;
  using http::RequestHeader;
  if (token.empty()) token = token_of(number);
  if (id.empty()) id = fmt::format("6f1c0d7e-4a0b-4a53-9a3e-{:012x}", number);
  const std::string path = "/3/device/" + token;
  const std::array headers = {RequestHeader{":method", "POST", Indexing::with},
                              RequestHeader{":scheme", "https", Indexing::with},
                              RequestHeader{":authority", "localhost", Indexing::with},
                              RequestHeader{":path", path, Indexing::without},
                              RequestHeader{"apns-topic", topic_, Indexing::with},
                              RequestHeader{"apns-push-type", "mdm", Indexing::with},
                              RequestHeader{"apns-expiration", "1893456000", Indexing::without},
                              RequestHeader{"apns-id", id, Indexing::without}};
  session.submit(number, headers, R"({"mdm":"4C8B6A0E"})");
  output_waits_.cancel();
}

void Provider::ping() {
  session.ping();
  output_waits_.cancel();
}

void Provider::cancel(std::uint64_t number) {
  session.cancel(number);
  output_waits_.cancel();
}

void Provider::close() { end(""); }

void Provider::on_response(Tag tag, http::Response response) {
  responses[tag] = std::move(response);
  order.push_back(tag);
}

void Provider::on_goaway(std::uint32_t error_code, BytesView debug_data) {
  goaways.push_back(std::to_string(error_code) + " " + std::string(debug_data));
}

asio::awaitable<void> Provider::run(std::shared_ptr<Provider> self) {
  tcp::socket socket(lane_);
  boost::system::error_code error;
  const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port_);
  co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return end("connect: " + error.message());
  const std::string host = "localhost";
  stream_ = http::Stream::tls_client(std::move(socket), tls_, host);
  Result<void> shaken = co_await stream_->handshake(soon());
  if (!shaken) co_return end(shaken.error().detail);
  ready = true;
  asio::co_spawn(lane_, write(self), asio::detached);
  std::string buffer(64 * 1024, '\0');
  while (!ended) {
    Result<std::size_t> count = co_await stream_->read_some(buffer, soon());
    if (!count) co_return end(count.error().detail);
    if (*count == 0) co_return end("");
    bytes_read += *count;
    Result<void> received = session.receive(BytesView(buffer).substr(0, *count));
    if (!received) co_return end(received.error().detail);
    output_waits_.cancel();
  }
}

asio::awaitable<void> Provider::write(std::shared_ptr<Provider> /*self*/) {
  Bytes output;
  while (!ended) {
    output.clear();
    session.produce(output, 16 * 1024);
    if (output.empty()) {
      boost::system::error_code ignored;
      co_await output_waits_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    Result<void> written = co_await stream_->write(output, soon());
    if (!written) co_return;  // the reader learns why
  }
}

void Provider::end(std::string why) {
  if (std::exchange(ended, true)) return;
  problem = std::move(why);
  session.abandon();
  if (stream_) stream_->close();
  output_waits_.cancel();
}

}  // namespace reveille::simulators::apns::test
