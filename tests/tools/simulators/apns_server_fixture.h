#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/pki/certificate.h"
#include "protocol/pki/key.h"
#include "tests/tools/simulators/provider.h"
#include "tools/simulators/apns/server.h"

namespace reveille::simulators::apns::test {

// A simulated Apple on loopback and TLS, behaving as a scenario says, and providers of one topic.
class ApnsServerTest : public testing::Test {
 protected:
  static constexpr char topic[] = "com.apple.mgmt.External.0b1d9a52-4a0b-4a53-9a3e-6a2f1c0d7e11";

  void TearDown() override;

  void open(std::string_view scenario, Strictness strictness = Strictness::all);
  std::shared_ptr<Provider> connect(bool with_certificate = true);
  // Connected, its TLS up and Apple's settings read.
  std::shared_ptr<Provider> connected();
  // Turns the lane until `condition` holds; fails the test after ten seconds.
  void until(const std::function<bool()>& condition);
  void turn(std::chrono::milliseconds duration) { lane_.run_for(duration); }
  const Report& report() { return server_->report(); }
  static std::string body_reason(const http::Response& response);

  boost::asio::io_context lane_{1};
  std::unique_ptr<Server> server_;
  std::vector<std::shared_ptr<Provider>> providers_;

 private:
  const http::TlsContext& client_tls(bool with_certificate);
};

}  // namespace reveille::simulators::apns::test
