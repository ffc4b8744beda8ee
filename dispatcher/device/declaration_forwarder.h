#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/device/declaration_service.h"
#include "dispatcher/device/declaration_url.h"
#include "dispatcher/http/http_client.h"
#include "dispatcher/http/tls_context.h"

namespace reveille::device {

struct DeclarationForwarderOptions {
  DeclarationUrl url;
  std::optional<http::TlsContext> tls;  // for an https URL
  std::string send_key;                 // not empty: signs requests (X-Hmac-Signature)
  std::string receive_key;              // not empty: answers must be signed
  std::chrono::milliseconds timeout{10'000};
  std::size_t answer_bytes_max = 4u << 20;
  std::size_t in_flight_max = 64;      // of one lane; more are overloaded
  std::size_t idle_connections_max = 8;  // kept alive
};

// Forwards declarative management to another server over HTTP/1.1, as NanoMDM does (nanomdm-api.md
// section 9), so that KMFDDM and its like work unchanged:
//
//   without Data: GET, with Data: PUT as application/json, to the URL behind which the endpoint stands;
//   X-Enrollment-ID, X-Enrollment-Type, X-Enrollment-ParentID (user channels),
//   X-Hmac-Signature: Base64 of HMAC-SHA-256 of the body, in both directions when there are keys.
//
// 200 goes to the device, and so does 404 for one declaration, which then drops it. A 404 for the
// other endpoints, which can only mean a wrong URL, and all else are unavailable: it asks again.
// A request that a kept-alive connection swallowed is sent once more, on a new one.
//
// Threads: the lane's own.
class DeclarationForwarder final : public DeclarationService {
 public:
  // `options` outlives it.
  explicit DeclarationForwarder(const DeclarationForwarderOptions& options) : options_(options) {}

  boost::asio::awaitable<Result<DeclarationAnswer>> ask(
      const mdm::DeclarativeManagement& message) override;

 private:
  struct Connection {
    std::unique_ptr<http::Stream> stream;
    http::Http1Client client;
  };
  using Deadline = http::Stream::Deadline;

  boost::asio::awaitable<Result<http::Response>> exchange(const http::Request& request);
  boost::asio::awaitable<Result<http::Response>> exchange_over(std::unique_ptr<Connection> connection,
                                                               const http::Request& request,
                                                               Deadline deadline);
  Result<DeclarationAnswer> answer_of(http::Response response, DeclarationEndpoint endpoint) const;

  const DeclarationForwarderOptions& options_;
  std::vector<std::unique_ptr<Connection>> idle_;
  // shared_ptr: a request that is cut off by the end of its lane may outlive us.
  std::shared_ptr<std::size_t> in_flight_ = std::make_shared<std::size_t>(0);
};

}  // namespace reveille::device
