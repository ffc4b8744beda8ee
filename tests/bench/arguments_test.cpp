#include "bench/load/arguments.h"

#include <gtest/gtest.h>

namespace reveille::bench {
namespace {

class CommandLine : public ::testing::Test {
 protected:
  CommandLine() : subcommands_(declare_subcommands(app_, arguments_)) {
    app_.require_subcommand(1);
  }

  bool takes(const std::string& line) {
    try {
      app_.parse(line);
      return true;
    } catch (const CLI::ParseError&) {
      return false;
    }
  }

  CLI::App app_;
  Arguments arguments_;
  std::vector<Subcommand> subcommands_;
};

TEST_F(CommandLine, PushTakesEverythingThatALoadTesterSays) {
  ASSERT_TRUE(
      takes("push --host localhost --port 2197 --pushes 1000 --connections 2 --streams 500 "
            "--ca ca.pem --cert push.pem --key push.key"));
  EXPECT_EQ(arguments_.push.host, "localhost");
  EXPECT_EQ(arguments_.push.port, 2197);
  EXPECT_EQ(arguments_.push.pushes, 1'000u);
  EXPECT_EQ(arguments_.push.connections, 2u);
  EXPECT_EQ(arguments_.push.streams, 500u);
  EXPECT_FALSE(arguments_.really_apple);
}

TEST_F(CommandLine, AHostIsNotPushedToWithoutKnowingWhomToTrustAndWhoWeAre) {
  EXPECT_FALSE(takes("push --host localhost"));
  EXPECT_FALSE(takes("push --host localhost --ca ca.pem"));
  EXPECT_FALSE(takes("push --host localhost --ca ca.pem --cert push.pem"));
}

TEST_F(CommandLine, NothingIsMeasuredNoTimes) {
  EXPECT_FALSE(takes("push --pushes 0"));
  EXPECT_FALSE(takes("dispatch --enrolments 0"));
  EXPECT_FALSE(takes("exchange --connections 0"));
  EXPECT_FALSE(takes("exchange --runs 0"));
}

TEST_F(CommandLine, HttpVersionsAreTheTwoThatDevicesSpeak) {
  EXPECT_FALSE(takes("exchange --http 3"));
  ASSERT_TRUE(takes("exchange --http 2"));
  EXPECT_EQ(arguments_.exchange.http, simulators::device::HttpVersion::http2);
}

TEST_F(CommandLine, AYardstickThatWeDoNotHaveIsRefused) {
  EXPECT_FALSE(takes("exchange --beside apache"));
  EXPECT_TRUE(takes("exchange --beside nginx"));
}

TEST_F(CommandLine, OneThingIsMeasuredAtATime) {
  EXPECT_FALSE(takes(""));
  EXPECT_FALSE(takes("sprint"));
}

TEST_F(CommandLine, APlanNeedsCostsAndSensibleShares) {
  EXPECT_FALSE(takes("plan --devices 1000"));
  EXPECT_FALSE(takes("plan --costs results.json --busiest-hour 1.5"));
  EXPECT_TRUE(takes("plan --costs results.json --devices 1000000"));
}

// From the command line to the refusal, without a connection.
TEST_F(CommandLine, ApplesHostIsRefusedBeforeAnythingIsRead) {
  ASSERT_TRUE(takes("push --host api.push.apple.com --ca none.pem --cert none.pem --key none.pem"));
  Telemetry telemetry(Telemetry::Live::hidden);

  const Result<Figures> figures = subcommands_.front().measure("/nonexistent", telemetry);

  ASSERT_FALSE(figures.has_value());
  EXPECT_EQ(figures.error().code, ErrorCode::unauthorised);
}

TEST_F(CommandLine, HandshakesTakesTheirNumber) {
  ASSERT_TRUE(takes("handshakes --handshakes 50 --runs 2 --network-lanes 2"));
  EXPECT_EQ(arguments_.handshakes.handshakes, 50u);
  EXPECT_EQ(arguments_.handshakes.runs, 2u);
  EXPECT_EQ(arguments_.handshakes.network_lanes, 2u);
}

TEST_F(CommandLine, BesideTakesABatchNoLargerThanTheDaemonDoes) {
  ASSERT_TRUE(takes("beside --enrolments 1000000 --connections 10 --quiet-rounds 3"));
  EXPECT_EQ(arguments_.beside_batch.quiet_rounds, 3u);
  EXPECT_FALSE(takes("beside --enrolments 1000001"));
}

TEST_F(CommandLine, ExchangeCanBeMeasuredWithMdmSignature) {
  ASSERT_TRUE(takes("exchange --idle-only --mdm-signature"));
  EXPECT_TRUE(arguments_.exchange.mdm_signature);
}

}  // namespace
}  // namespace reveille::bench
