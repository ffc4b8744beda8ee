#include "tests/dispatcher/apns/client_fixture.h"

#include <openssl/ssl.h>

#include <boost/asio/post.hpp>
#include <future>

namespace reveille::apns::test {
namespace {

namespace asio = boost::asio;

constexpr auto patience = 40s;

pki::CertificateTemplate certificate_template(pki::CertificateTemplate::Purpose purpose) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return {.common_name = "reveille test",
          .organisation = {},
          .user_id = std::nullopt,
          .dns_names = {},
          .serial = std::string(16, '\x11'),
          .not_before = now - std::chrono::hours(1),
          .not_after = now + std::chrono::hours(24),
          .purpose = purpose};
}

using Purpose = pki::CertificateTemplate::Purpose;

}  // namespace

TestAuthority::TestAuthority()
    : key(pki::PrivateKey::generate_p256().value()),
      root(pki::issue_self_signed(certificate_template(Purpose::authority), key).value()),
      leaf_key(pki::PrivateKey::generate_p256().value()) {}

pki::Certificate TestAuthority::issue_for(const pki::PrivateKey& leaf, bool server,
                                          std::string topic) const {
  auto contents = certificate_template(server ? Purpose::tls_server : Purpose::tls_client);
  contents.serial = std::string(16, server ? '\x22' : '\x33');
  if (server) contents.dns_names = {"localhost", "127.0.0.1"};
  if (!server) contents.user_id = std::move(topic);
  return pki::issue(contents, leaf, root, key).value();
}

pki::PushCertificate TestAuthority::push_certificate(std::string topic) const {
  return {issue_for(leaf_key, false, topic), leaf_key, topic};
}

http::TlsContext TestAuthority::server_context() const {
  http::TlsContext::ServerOptions options{.chain = {issue_for(leaf_key, true, {})},
                                          .key = leaf_key,
                                          .protocols = {"h2"},
                                          .client_issuers = {root}};
  options.client_certificate = http::TlsContext::ServerOptions::ClientCertificate::required;
  return http::TlsContext::for_server(options).value();
}

http::TlsContext TestAuthority::refusing_context() const {
  http::TlsContext context = server_context();
  SSL_CTX_set_cert_verify_callback(
      context.native(),
      [](X509_STORE_CTX* store, void*) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_HAS_EXPIRED);
        return 0;
      },
      nullptr);
  return context;
}

ClientTest::ClientTest() : work_(lane_.get_executor()), log_({.level = LogLevel::error}) {
  options.host = "127.0.0.1";
  options.anchors = {authority().root};
  options.push_timeout = 20s;
  options.backoff_first = 5ms;
  options.backoff_max = 40ms;
  options.dials_per_minute_max = 10'000;
  options.grow_after = 5ms;
  options.refused_pause = 5ms;
  thread_ = std::jthread([this] { lane_.run(); });
}

ClientTest::~ClientTest() {
  if (client) destroy_client();
  lane_.stop();
  thread_.join();
}

const TestAuthority& ClientTest::authority() {
  static const TestAuthority shared;
  return shared;
}

void ClientTest::start_peer(const Script& script) {
  peer = std::make_unique<ScriptedPeer>(authority().server_context(), script);
  options.port = peer->port();
}

void ClientTest::start_client() {
  start_client_without_certificate();
  set_certificate();
}

void ClientTest::start_client_without_certificate() {
  client = std::make_unique<Client>(lane_, options, clock_, random_, log_,
                                    [this](PushOutcome outcome) {
                                      const std::lock_guard lock(mutex_);
                                      ++outcome_count_;
                                      outcomes_[outcome.ticket].push_back(std::move(outcome));
                                      arrived_.notify_all();
                                    });
}

void ClientTest::destroy_client() {
  std::promise<void> done;
  asio::post(lane_, [&] {
    client.reset();
    done.set_value();
  });
  done.get_future().wait();
}

Push ClientTest::push(std::uint64_t ticket, std::size_t magic_bytes) {
  Push push;
  push.ticket = ticket;
  push.topic = "com.apple.mgmt.External.test";
  std::string digits = std::to_string(ticket);
  push.notification.push_token.bytes = std::string(32 - digits.size(), 't') + digits;
  push.notification.push_magic.text = std::string(magic_bytes, 'm');
  push.notification.expiration = std::chrono::sys_seconds(std::chrono::seconds(1'900'000'000));
  return push;
}

std::string ClientTest::path(std::uint64_t ticket) {
  return path_of(push(ticket).notification.push_token);
}

bool ClientTest::try_submit(std::uint64_t ticket, Urgency urgency) {
  Push one = push(ticket);
  one.urgency = urgency;
  return client->submit(one);
}

void ClientTest::submit(std::uint64_t first, std::uint64_t count, std::size_t magic_bytes) {
  for (std::uint64_t ticket = first; ticket < first + count; ++ticket) {
    Push one = push(ticket, magic_bytes);
    while (!client->submit(one)) std::this_thread::yield();
  }
}

void ClientTest::submit_and_wait(std::uint64_t first, std::uint64_t count) {
  const std::size_t before = outcome_count();
  submit(first, count);
  wait_for_outcomes(before + count);
}

void ClientTest::wait_for_outcomes(std::size_t count) {
  std::unique_lock lock(mutex_);
  const bool all =
      arrived_.wait_for(lock, patience, [&] { return outcome_count_ >= count; });
  ASSERT_TRUE(all) << outcome_count_ << " of " << count << " outcomes";
}

void ClientTest::wait_until(const std::function<bool()>& condition, const char* what) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << what;
    std::this_thread::sleep_for(1ms);
  }
}

void ClientTest::stop_client(std::chrono::milliseconds deadline) {
  auto done = std::make_shared<std::promise<void>>();
  auto stopped = done->get_future();
  client->stop(deadline, [done] { done->set_value(); });
  ASSERT_EQ(stopped.wait_for(patience), std::future_status::ready);
}

void ClientTest::expect_all_accepted(std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  std::size_t wrong = 0;
  for (std::uint64_t ticket = 0; ticket < count; ++ticket) {
    const auto& of_one = outcomes_[ticket];
    const bool accepted =
        of_one.size() == 1 && of_one[0].response && of_one[0].response->status == 200;
    if (accepted) continue;
    if (++wrong > 3) continue;
    ADD_FAILURE() << "ticket " << ticket << ": " << of_one.size() << " outcomes"
                  << (of_one.empty() ? "" : ", " + of_one[0].failure);
  }
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(outcome_count_, count);
}

std::vector<PushOutcome> ClientTest::outcomes_of(std::uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  return outcomes_[ticket];
}

std::size_t ClientTest::outcome_count() {
  const std::lock_guard lock(mutex_);
  return outcome_count_;
}

}  // namespace reveille::apns::test
