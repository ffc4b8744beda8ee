#include "tools/simulators/device/identity.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <utility>

#include "dispatcher/runtime/random_source.h"
#include "protocol/pki/cms.h"
#include "protocol/pki/scep.h"
#include "tools/simulators/device/pause.h"

namespace reveille::simulators::device {

namespace asio = boost::asio;

namespace {

std::unexpected<Error> refused(std::string_view what, const http::Response& response) {
  return failure(ErrorCode::unavailable, fmt::format("{}: HTTP {}: {}", what, response.status,
                                                     response.body.substr(0, 200)));
}

Result<pki::Certificate> self_signed(const std::string& common_name,
                                     const std::string& organisation, const pki::PrivateKey& key) {
  SystemRandomSource random;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const pki::CertificateTemplate contents{.common_name = common_name,
                                          .organisation = organisation,
                                          .user_id = std::nullopt,
                                          .dns_names = {},
                                          .serial = random.bytes(16),
                                          .not_before = now - std::chrono::hours(1),
                                          .not_after = now + std::chrono::hours(24),
                                          .purpose = pki::CertificateTemplate::Purpose::tls_client};
  return pki::issue_self_signed(contents, key);
}

// A renewal is for a new key where one costs little; RSA keys are kept.
Result<pki::PrivateKey> next_key(const Identity& identity) {
  if (!identity.certificate || identity.key.is_rsa()) return identity.key;
  return pki::PrivateKey::generate_p256();
}

Result<pki::scep::ClientRequest> make_request(const profile::ScepPayload& scep,
                                              const std::string& common_name,
                                              const Identity& identity,
                                              const pki::PrivateKey& key) {
  const bool renews = identity.certificate.has_value();
  std::optional<std::string> challenge;
  if (!renews) challenge = scep.challenge;
  auto csr = pki::CertificateRequest::create(common_name, scep.organisation, challenge, key);
  if (!csr) return std::unexpected(std::move(csr.error()));
  auto signer = renews ? Result<pki::Certificate>(*identity.certificate)
                       : self_signed(common_name, scep.organisation, key);
  if (!signer) return std::unexpected(std::move(signer.error()));
  SystemRandomSource random;
  const auto type = renews ? pki::scep::MessageType::renewal_req : pki::scep::MessageType::pkcs_req;
  return pki::scep::ClientRequest{.type = type,
                                  .csr = *std::move(csr),
                                  .signer = *std::move(signer),
                                  .signer_key = identity.key,
                                  .transaction_id = random.uuid(),
                                  .sender_nonce = random.bytes(16)};
}

std::chrono::milliseconds wait_before_repeat(const FleetServices& services,
                                             const Result<http::Response>& response) {
  const auto told = response ? response->header("retry-after") : std::nullopt;
  unsigned seconds = 0;
  if (told) std::from_chars(told->data(), told->data() + told->size(), seconds);
  return seconds > 0 ? std::chrono::seconds(seconds) : services.options.retry_max;
}

bool was_served(const Result<http::Response>& response) {
  return response && response->status != 503;
}

// What devices ask before they have an identity: one server, one connection at a time.
class Stranger {
 public:
  Stranger(const FleetServices& services, const Url& server)
      : services_(services), server_(server) {}

  asio::awaitable<Result<http::Response>> ask(http::Request request) {
    const FleetOptions& options = services_.options;
    for (std::size_t attempt = 1;; ++attempt) {
      if (!transport_) {
        transport_ =
            make_transport(services_.lane, options.http, server_, make_tls(services_, nullptr));
      }
      const auto deadline = std::chrono::steady_clock::now() + options.enrolment_timeout;
      Result<http::Response> response = co_await transport_->exchange(request, deadline);
      if (was_served(response) || attempt >= options.enrolment_attempts_max) co_return response;
      transport_.reset();
      ++services_.report.enrolment_repeats;
      co_await pause(wait_before_repeat(services_, response));
    }
  }

 private:
  const FleetServices& services_;
  const Url server_;
  std::unique_ptr<Transport> transport_;
};

}  // namespace

http::TlsContext make_tls(const FleetServices& services, const Identity* identity) {
  http::TlsContext::ClientOptions options;
  options.anchors = services.anchors;
  if (identity != nullptr) {
    options.certificate = identity->certificate;
    options.key = identity->key;
  }
  options.protocols = {services.options.http == HttpVersion::http2 ? "h2" : "http/1.1"};
  Result<http::TlsContext> context = http::TlsContext::for_client(options);
  if (!context) throw std::runtime_error("TLS context: " + context.error().detail);
  return *std::move(context);
}

asio::awaitable<Result<profile::EnrolmentProfile>> fetch_profile(const FleetServices& services,
                                                                 std::string link) {
  Result<Url> url = parse_url(link);
  if (!url) co_return std::unexpected(std::move(url.error()));
  Stranger stranger(services, *url);
  http::Request request{
      .method = "GET", .target = url->target, .authority = {}, .headers = {}, .body = {}};
  Result<http::Response> response = co_await stranger.ask(std::move(request));
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (response->status != 200) co_return refused("profile", *response);
  if (response->body.starts_with("<")) {
    co_return profile::parse_enrolment_profile(response->body);
  }
  Result<pki::VerifiedContent> opened = pki::verify_attached(response->body);
  if (!opened) co_return std::unexpected(std::move(opened.error()));
  co_return profile::parse_enrolment_profile(opened->content);
}

asio::awaitable<Result<Identity>> obtain_identity(const FleetServices& services,
                                                  const profile::ScepPayload& scep,
                                                  std::string common_name, Identity identity) {
  Result<Url> url = parse_url(scep.url);
  if (!url) co_return std::unexpected(std::move(url.error()));
  Stranger stranger(services, *url);
  http::Request get_ca{.method = "GET",
                       .target = url->target + "?operation=GetCACert",
                       .authority = {},
                       .headers = {},
                       .body = {}};
  Result<http::Response> response = co_await stranger.ask(std::move(get_ca));
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (response->status != 200) co_return refused("GetCACert", *response);
  Result<pki::Certificate> authority = pki::Certificate::from_der(response->body);
  if (!authority) co_return std::unexpected(std::move(authority.error()));

  Result<pki::PrivateKey> key = next_key(identity);
  if (!key) co_return std::unexpected(std::move(key.error()));
  auto request = make_request(scep, common_name, identity, *key);
  if (!request) co_return std::unexpected(std::move(request.error()));
  Result<Bytes> message = pki::scep::make_request(*request, *authority);
  if (!message) co_return std::unexpected(std::move(message.error()));
  http::Request post{.method = "POST",
                     .target = url->target + "?operation=PKIOperation",
                     .authority = {},
                     .headers = {{"content-type", "application/x-pki-message"}},
                     .body = *std::move(message)};
  response = co_await stranger.ask(std::move(post));
  if (!response) co_return std::unexpected(std::move(response.error()));
  if (response->status != 200) co_return refused("PKIOperation", *response);
  Result<pki::scep::Answer> answer =
      pki::scep::parse_answer(response->body, *request, *authority, *key);
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  if (!answer->issued) {
    co_return failure(ErrorCode::unauthorised, "SCEP refused the request");
  }
  co_return Identity{.key = *std::move(key), .certificate = answer->issued};
}

}  // namespace reveille::simulators::device
