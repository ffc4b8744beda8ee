#include "tests/tools/simulators/apns_server_fixture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace reveille::simulators::apns::test {
namespace {

struct Issued {
  pki::Certificate certificate;
  pki::PrivateKey key;
};

Issued issue(pki::CertificateTemplate::Purpose purpose, const std::string& topic) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  pki::CertificateTemplate contents{.common_name = "localhost",
                                    .organisation = "",
                                    .user_id = std::nullopt,
                                    .dns_names = {"localhost"},
                                    .serial = Bytes(16, '\x11'),
                                    .not_before = now - std::chrono::hours(1),
                                    .not_after = now + std::chrono::hours(1),
                                    .purpose = purpose};
  if (purpose == pki::CertificateTemplate::Purpose::tls_client) contents.user_id = topic;
  pki::PrivateKey key = pki::PrivateKey::generate_p256().value();
  pki::Certificate certificate = pki::issue_self_signed(contents, key).value();
  return {.certificate = std::move(certificate), .key = std::move(key)};
}

const Issued& apple() {
  static const Issued issued = issue(pki::CertificateTemplate::Purpose::tls_server, "");
  return issued;
}

http::TlsContext make_client_tls(const std::string* topic) {
  http::TlsContext::ClientOptions options;
  options.anchors = {apple().certificate};
  options.protocols = {"h2"};
  if (topic != nullptr) {
    const Issued push = issue(pki::CertificateTemplate::Purpose::tls_client, *topic);
    options.certificate = push.certificate;
    options.key = push.key;
  }
  return http::TlsContext::for_client(options).value();
}

}  // namespace

const http::TlsContext& ApnsServerTest::client_tls(bool with_certificate) {
  static const std::string name = topic;
  static const http::TlsContext known = make_client_tls(&name);
  static const http::TlsContext unknown = make_client_tls(nullptr);
  return with_certificate ? known : unknown;
}

void ApnsServerTest::open(std::string_view scenario, Strictness strictness) {
  ServerOptions options;
  options.strictness = strictness;
  options.identity = {.certificate_chain = apple().certificate.pem(), .key = apple().key.to_pem()};
  auto parsed = parse_scenario(scenario, "test.toml", {});
  ASSERT_TRUE(parsed.has_value()) << fmt::format("{}", fmt::join(parsed.error(), "\n"));
  options.scenario = *std::move(parsed);
  auto opened = Server::open(lane_, std::move(options));
  ASSERT_TRUE(opened.has_value()) << opened.error().detail;
  server_ = *std::move(opened);
}

void ApnsServerTest::TearDown() {
  for (const auto& provider : providers_) provider->close();
  lane_.run_for(std::chrono::milliseconds(5));
}

std::shared_ptr<Provider> ApnsServerTest::connect(bool with_certificate) {
  auto provider =
      std::make_shared<Provider>(lane_, client_tls(with_certificate), server_->port(), topic);
  providers_.push_back(provider);
  provider->start();
  return provider;
}

std::shared_ptr<Provider> ApnsServerTest::connected() {
  auto provider = connect();
  until([&] { return provider->bytes_read > 0 || provider->ended; });
  return provider;
}

void ApnsServerTest::until(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "waited ten seconds";
    lane_.run_one_for(std::chrono::milliseconds(10));
  }
}

std::string ApnsServerTest::body_reason(const http::Response& response) {
  const std::size_t begin = response.body.find("\"reason\":\"");
  if (begin == std::string::npos) return response.body;
  const std::string rest = response.body.substr(begin + 10);
  return rest.substr(0, rest.find('"'));
}

}  // namespace reveille::simulators::apns::test
