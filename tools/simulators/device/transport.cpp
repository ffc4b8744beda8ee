#include "tools/simulators/device/transport.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/url.hpp>
#include <optional>

#include "dispatcher/http/http_client.h"
#include "dispatcher/http/stream.h"
#include "protocol/http/http2_client_session.h"

namespace reveille::simulators::device {

namespace asio = boost::asio;

std::string Url::authority() const { return port == "443" ? host : host + ":" + port; }

Result<Url> parse_url(const std::string& text) {
  const auto parsed = boost::urls::parse_uri(text);
  if (!parsed || parsed->scheme() != "https" || parsed->host().empty()) {
    return failure(ErrorCode::malformed, "\"" + text + "\" is no https URL");
  }
  Url url{.host = parsed->host(),
          .port = parsed->has_port() ? std::string(parsed->port()) : "443",
          .target = std::string(parsed->encoded_target())};
  if (url.target.empty()) url.target = "/";
  return url;
}

namespace {

// Resolves, connects and shakes hands.
asio::awaitable<Result<std::unique_ptr<http::Stream>>> open_stream(asio::io_context& lane,
                                                                   const Url& target,
                                                                   const http::TlsContext& tls,
                                                                   Transport::Deadline deadline) {
  boost::system::error_code error;
  asio::ip::tcp::resolver resolver(lane);
  const auto addresses = co_await resolver.async_resolve(
      target.host, target.port, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return failure(ErrorCode::unavailable, "resolve: " + error.message());
  asio::ip::tcp::socket socket(lane);
  co_await asio::async_connect(socket, addresses, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return failure(ErrorCode::unavailable, "connect: " + error.message());
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  std::unique_ptr<http::Stream> stream =
      http::Stream::tls_client(std::move(socket), tls, target.host);
  Result<void> shaken = co_await stream->handshake(deadline);
  if (!shaken) co_return std::unexpected(std::move(shaken.error()));
  co_return stream;
}

class Http1Transport final : public Transport {
 public:
  Http1Transport(asio::io_context& lane, const Url& target, http::TlsContext tls)
      : lane_(lane), target_(target), tls_(std::move(tls)) {}

  asio::awaitable<Result<http::Response>> exchange(http::Request request,
                                                   Deadline deadline) override {
    request.authority = target_.authority();
    const bool reused = client_.has_value();
    Result<http::Response> response = co_await try_once(request, deadline);
    // A kept connection may have been closed in the meantime: that is no failure yet.
    if (!response && reused) response = co_await try_once(request, deadline);
    co_return response;
  }

 private:
  asio::awaitable<Result<http::Response>> try_once(const http::Request& request,
                                                   Deadline deadline) {
    if (!client_) {
      Result<std::unique_ptr<http::Stream>> opened =
          co_await open_stream(lane_, target_, tls_, deadline);
      if (!opened) co_return std::unexpected(std::move(opened.error()));
      stream_ = *std::move(opened);
      client_.emplace(*stream_);
    }
    Result<http::Response> response = co_await client_->request(request, deadline);
    if (!response || !client_->reusable()) {
      client_.reset();
      stream_.reset();
    }
    co_return response;
  }

  asio::io_context& lane_;
  const Url target_;
  const http::TlsContext tls_;
  std::unique_ptr<http::Stream> stream_;
  std::optional<http::Http1Client> client_;
};

class Http2Transport final : public Transport, public http::Http2ClientSession::Events {
 public:
  using Tag = http::Http2ClientSession::Tag;

  Http2Transport(asio::io_context& lane, const Url& target, http::TlsContext tls)
      : lane_(lane), target_(target), tls_(std::move(tls)) {}

  asio::awaitable<Result<http::Response>> exchange(http::Request request,
                                                   Deadline deadline) override {
    request.authority = target_.authority();
    const bool reused = session_ != nullptr;
    Result<http::Response> response = co_await try_once(request, deadline);
    if (!response && reused) response = co_await try_once(request, deadline);
    co_return response;
  }

 private:
  void on_response(Tag, http::Response response) override { answer_ = std::move(response); }
  void on_failure(Tag, http::StreamFailure) override { failed_ = true; }
  void on_goaway(std::uint32_t, BytesView) override {}

  void drop() {
    session_.reset();
    stream_.reset();
  }

  void submit(const http::Request& request) {
    const std::string scheme = "https";
    std::vector<http::RequestHeader> headers{{":method", request.method},
                                             {":scheme", scheme},
                                             {":authority", request.authority},
                                             {":path", request.target}};
    for (const http::Header& header : request.headers) {
      headers.push_back({header.name, header.value});
    }
    session_->submit(1, headers, request.body);
  }

  asio::awaitable<Result<http::Response>> try_once(const http::Request& request,
                                                   Deadline deadline) {
    if (session_ != nullptr && session_->capacity() == 0) drop();
    if (session_ == nullptr) {
      Result<std::unique_ptr<http::Stream>> opened =
          co_await open_stream(lane_, target_, tls_, deadline);
      if (!opened) co_return std::unexpected(std::move(opened.error()));
      stream_ = *std::move(opened);
      if (stream_->protocol() != "h2") {
        drop();
        co_return failure(ErrorCode::unavailable, "the server does not speak HTTP/2");
      }
      session_ = std::make_unique<http::Http2ClientSession>(*this, http::Http2ClientOptions{});
    }
    answer_.reset();
    failed_ = false;
    submit(request);
    std::string buffer(16 * 1024, '\0');
    while (!answer_ && !failed_) {
      Bytes output;
      while (session_->produce(output, 16 * 1024) != 0) {
      }
      if (!output.empty()) {
        Result<void> written = co_await stream_->write(output, deadline);
        if (!written) {
          drop();
          co_return std::unexpected(std::move(written.error()));
        }
      }
      Result<std::size_t> count = co_await stream_->read_some(buffer, deadline);
      if (!count || *count == 0 || !session_->receive(BytesView(buffer).substr(0, *count))) {
        const bool answered = answer_.has_value();
        drop();
        if (!answered) co_return failure(ErrorCode::unavailable, "connection lost");
      }
    }
    if (!answer_) co_return failure(ErrorCode::unavailable, "stream reset");
    co_return *std::move(answer_);
  }

  asio::io_context& lane_;
  const Url target_;
  const http::TlsContext tls_;
  std::unique_ptr<http::Stream> stream_;
  std::unique_ptr<http::Http2ClientSession> session_;
  std::optional<http::Response> answer_;
  bool failed_ = false;
};

}  // namespace

std::unique_ptr<Transport> make_transport(asio::io_context& lane, HttpVersion version,
                                          const Url& target, http::TlsContext tls) {
  if (version == HttpVersion::http2) {
    return std::make_unique<Http2Transport>(lane, target, std::move(tls));
  }
  return std::make_unique<Http1Transport>(lane, target, std::move(tls));
}

}  // namespace reveille::simulators::device
