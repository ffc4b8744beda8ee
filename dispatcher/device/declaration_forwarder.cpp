#include "dispatcher/device/declaration_forwarder.h"

#include <utility>

#include "dispatcher/http/dial.h"
#include "protocol/base/base64.h"
#include "protocol/pki/authentication_code.h"

namespace reveille::device {
namespace {

constexpr const char* signature_header = "x-hmac-signature";

// Counts one in flight for as long as it lives.
class InFlight {
 public:
  explicit InFlight(std::shared_ptr<std::size_t> count) : count_(std::move(count)) { ++*count_; }
  ~InFlight() { --*count_; }
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;

 private:
  const std::shared_ptr<std::size_t> count_;
};

std::string signature_of(BytesView key, BytesView body) {
  return to_base64(pki::authentication_code(key, body));
}

http::Request request_for(const DeclarationForwarderOptions& options,
                          const mdm::DeclarativeManagement& message) {
  http::Request request;
  request.method = message.data ? "PUT" : "GET";
  request.target = declaration_target(options.url, message.endpoint);
  request.authority = options.url.authority;
  const mdm::Identity& identity = message.identity;
  request.headers.push_back({"x-enrollment-id", identity.enrolment.text()});
  request.headers.push_back({"x-enrollment-type", mdm::name_of(identity.kind)});
  if (identity.is_user_channel()) {
    request.headers.push_back({"x-enrollment-parentid", identity.device.text()});
  }
  if (message.data) {
    request.headers.push_back({"content-type", "application/json"});
    request.body = *message.data;
  }
  if (!options.send_key.empty()) {
    request.headers.push_back({signature_header, signature_of(options.send_key, request.body)});
  }
  return request;
}

}  // namespace

boost::asio::awaitable<Result<DeclarationAnswer>> DeclarationForwarder::ask(
    const mdm::DeclarativeManagement& message) {
  const auto endpoint = declaration_endpoint(message.endpoint);
  if (!endpoint) co_return failure(ErrorCode::malformed, "there is no such Endpoint");
  if (*in_flight_ >= options_.in_flight_max) {
    co_return failure(ErrorCode::overloaded, "the declaration server does not keep up");
  }
  const InFlight one(in_flight_);
  const http::Request request = request_for(options_, message);
  Result<http::Response> response = co_await exchange(request);
  if (!response) {
    // Whatever is wrong over there, the device did nothing wrong.
    co_return failure(ErrorCode::unavailable, "declaration server: " + response.error().detail);
  }
  co_return answer_of(*std::move(response), *endpoint);
}

boost::asio::awaitable<Result<http::Response>> DeclarationForwarder::exchange(
    const http::Request& request) {
  const Deadline deadline = std::chrono::steady_clock::now() + options_.timeout;
  if (!idle_.empty()) {
    // The one used last is the least likely to be closed by now.
    std::unique_ptr<Connection> kept = std::move(idle_.back());
    idle_.pop_back();
    auto response = co_await exchange_over(std::move(kept), request, deadline);
    if (response || std::chrono::steady_clock::now() >= deadline) co_return response;
    idle_.clear();  // the others are as old or older
  }
  const http::DialTarget target{
      .host = options_.url.host, .port = options_.url.port, .tls = options_.tls};
  auto stream = co_await http::dial(target, deadline);
  if (!stream) co_return std::unexpected(std::move(stream.error()));
  http::Stream& borrowed = **stream;
  auto connection = std::make_unique<Connection>(
      Connection{.stream = *std::move(stream),
                 .client = http::Http1Client(borrowed, options_.answer_bytes_max)});
  co_return co_await exchange_over(std::move(connection), request, deadline);
}

boost::asio::awaitable<Result<http::Response>> DeclarationForwarder::exchange_over(
    std::unique_ptr<Connection> connection, const http::Request& request, Deadline deadline) {
  Result<http::Response> response = co_await connection->client.request(request, deadline);
  if (response && connection->client.reusable() && idle_.size() < options_.idle_connections_max) {
    idle_.push_back(std::move(connection));
  } else {
    connection->stream->close();
  }
  co_return response;
}

Result<DeclarationAnswer> DeclarationForwarder::answer_of(http::Response response,
                                                          DeclarationEndpoint endpoint) const {
  const auto trouble = [](std::string what) {
    return failure(ErrorCode::unavailable, "declaration server: " + std::move(what));
  };
  if (!options_.receive_key.empty()) {
    const auto signature = response.header(signature_header);
    const std::string expected = signature_of(options_.receive_key, response.body);
    if (!signature || !pki::is_same_secret(*signature, expected)) {
      return trouble("the answer is not signed with our key");
    }
  }
  if (response.status == 404 && endpoint == DeclarationEndpoint::declaration) {
    return DeclarationAnswer{.found = false, .json = {}};
  }
  if (response.status != 200) return trouble("status " + std::to_string(response.status));
  // A device takes nothing with the answer to its status report.
  if (endpoint == DeclarationEndpoint::status) response.body.clear();
  return DeclarationAnswer{.found = true, .json = std::move(response.body)};
}

}  // namespace reveille::device
