#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dispatcher/apns/client.h"
#include "tests/dispatcher/apns/scripted_peer.h"

namespace reveille::apns::test {

using namespace std::chrono_literals;

// The certificates of a small world: an authority, the server's, and a push certificate of it.
struct TestAuthority {
  TestAuthority();
  pki::Certificate issue_for(const pki::PrivateKey& key, bool server, std::string topic) const;
  pki::PushCertificate push_certificate(std::string topic = "com.apple.mgmt.External.test") const;
  http::TlsContext server_context() const;
  // Refuses every client certificate, as expired.
  http::TlsContext refusing_context() const;

  pki::PrivateKey key;
  pki::Certificate root;
  pki::PrivateKey leaf_key;
};

// A client on a lane of its own against a scripted peer, and every outcome it gave.
class ClientTest : public testing::Test {
 protected:
  ClientTest();
  ~ClientTest() override;

  void start_peer(const Script& script = {});
  void start_client();  // with the push certificate
  void start_client_without_certificate();
  void set_certificate() { client->set_certificate(authority().push_certificate()); }
  void destroy_client();  // on its lane

  static const TestAuthority& authority();
  static Push push(std::uint64_t ticket, std::size_t magic_bytes = 36);
  bool try_submit(std::uint64_t ticket, Urgency urgency = Urgency::bulk);
  static std::string path(std::uint64_t ticket);

  // Submits tickets [first, first + count); waits while the queue is full.
  void submit(std::uint64_t first, std::uint64_t count, std::size_t magic_bytes = 36);
  void submit_and_wait(std::uint64_t first, std::uint64_t count);
  // Until so many outcomes came, or it took too long: then it fails the test.
  void wait_for_outcomes(std::size_t count);
  void wait_until(const std::function<bool()>& condition, const char* what);
  // In time for what is in flight; returns when `done` ran.
  void stop_client(std::chrono::milliseconds deadline = 5s);

  // Each of the tickets has exactly one outcome, and it is a 200.
  void expect_all_accepted(std::uint64_t count);
  std::vector<PushOutcome> outcomes_of(std::uint64_t ticket);
  std::size_t outcome_count();
  Client::Statistics statistics() { return client->statistics(); }

  ClientOptions options;
  std::unique_ptr<ScriptedPeer> peer;
  std::unique_ptr<Client> client;

 private:
  boost::asio::io_context lane_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  SystemClock clock_;
  SystemRandomSource random_;
  Log log_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<std::uint64_t, std::vector<PushOutcome>> outcomes_;
  std::size_t outcome_count_ = 0;
  std::jthread thread_;
};

}  // namespace reveille::apns::test
