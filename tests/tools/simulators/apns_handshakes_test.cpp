#include <gmock/gmock.h>

#include "tests/tools/simulators/apns_server_fixture.h"

// How connections begin, or do not.
namespace reveille::simulators::apns::test {
namespace {

using testing::HasSubstr;

struct Alert {
  const char* name;
  const char* heard;  // how OpenSSL, at the provider's end, calls it
};

class ApnsAlerts : public ApnsServerTest, public testing::WithParamInterface<Alert> {};

TEST_P(ApnsAlerts, EndTheHandshakeOrTheFirstRead) {
  open(std::string("[always.handshake]\nalert = \"") + GetParam().name + "\"");
  const auto provider = connect();
  until([&] { return provider->ended; });

  EXPECT_THAT(provider->problem, HasSubstr(GetParam().heard));
  EXPECT_EQ(provider->bytes_read, 0u);
  until([&] { return report().handshakes_failed == 1; });
}

INSTANTIATE_TEST_SUITE_P(Each, ApnsAlerts,
                         testing::Values(Alert{"certificate_expired", "certificate expired"},
                                         Alert{"certificate_revoked", "certificate revoked"},
                                         Alert{"unknown_ca", "unknown ca"},
                                         Alert{"bad_certificate", "alert"},
                                         Alert{"handshake_failure", "handshake failure"},
                                         Alert{"internal_error", "internal error"}),
                         [](const auto& param) { return std::string(param.param.name); });

class ApnsHandshakes : public ApnsServerTest {};

TEST_F(ApnsHandshakes, AreBrokenOffOrReset) {
  for (const char* how : {"end", "reset"}) {
    open(std::string("[always.handshake]\ncut = \"") + how + "\"");
    const auto provider = connect();
    until([&] { return provider->ended; });
    EXPECT_NE(provider->problem, "") << how;
    EXPECT_FALSE(provider->ready);
    until([&] { return report().handshakes_failed == 1; });
    EXPECT_EQ(report().connections, 0u);
    server_.reset();
  }
}

TEST_F(ApnsHandshakes, ShowACertificateThatIsNotApples) {
  open("[always.handshake]\ncertificate = \"self_signed\"");
  const auto provider = connect();
  until([&] { return provider->ended; });
  EXPECT_THAT(provider->problem, HasSubstr("certificate verify failed"));
}

TEST_F(ApnsHandshakes, MayTakeLongToShakeHands) {
  open("[always.handshake]\ndelay_ms = 40\naccept_delay_ms = 40");
  const auto start = std::chrono::steady_clock::now();
  const auto provider = connected();
  EXPECT_FALSE(provider->ended);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(35));
}

TEST_F(ApnsHandshakes, ACertificateFileThatIsNotThereIsToldAtOnce) {
  ServerOptions options;
  options.identity = {.certificate_chain = "none", .key = "none"};
  options.scenario = Scenario::always({});
  EXPECT_FALSE(Server::open(lane_, options).has_value());
}

}  // namespace
}  // namespace reveille::simulators::apns::test
