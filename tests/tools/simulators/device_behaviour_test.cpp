#include "tools/simulators/device/behaviour.h"

#include <gtest/gtest.h>

#include "protocol/mdm/check_in.h"
#include "tools/simulators/latency_histogram.h"

namespace reveille::simulators::device {
namespace {

mdm::Command command(std::string uuid, std::string request_type) {
  return mdm::Command{
      .uuid = {std::move(uuid)}, .request_type = std::move(request_type), .body = {}};
}

TEST(Behaviour, CommandsThatIosNeverPutsOffAreNotPutOff) {
  FleetOptions options;
  options.not_now_rate = 1.0;
  Behaviour behaviour(options, 1);

  EXPECT_EQ(behaviour.answer_to(command("1", "EraseDevice")), mdm::Status::acknowledged);
  EXPECT_EQ(behaviour.answer_to(command("2", "DeviceInformation")), mdm::Status::acknowledged);
  EXPECT_EQ(behaviour.answer_to(command("3", "SecurityInfo")), mdm::Status::not_now);
}

TEST(Expectations, ACommandHandedOutAfterItsEndStateBreaksOne) {
  Expectations expectations;
  expectations.begin_exchange();
  EXPECT_EQ(expectations.on_handed_out({"A"}), std::nullopt);
  expectations.on_answer_accepted({"A"}, mdm::Status::acknowledged);

  EXPECT_NE(expectations.on_handed_out({"A"}), std::nullopt);
}

TEST(Expectations, ACommandPutOffMayComeBackOnlyInALaterExchange) {
  Expectations expectations;
  expectations.begin_exchange();
  expectations.on_answer_accepted({"A"}, mdm::Status::not_now);

  EXPECT_NE(expectations.on_handed_out({"A"}), std::nullopt);
  expectations.begin_exchange();
  EXPECT_EQ(expectations.on_handed_out({"A"}), std::nullopt);
}

TEST(Bodies, AreWhatOurOwnParsersRead) {
  const auto authenticate =
      mdm::parse_check_in(authenticate_body("U-1", "S-1", "com.apple.mgmt.x"));
  const auto update = mdm::parse_check_in(token_update_body("U-1", "t", "\x01\x02", "magic"));
  const auto check_out = mdm::parse_check_in(check_out_body("U-1", "t"));
  const auto idle = mdm::parse_report(report_body("U-1", mdm::Status::idle, std::nullopt));
  const auto failed =
      mdm::parse_report(report_body("U-1", mdm::Status::error, command("C", "SecurityInfo")));

  ASSERT_TRUE(authenticate && update && check_out && idle && failed);
  EXPECT_EQ(std::get<mdm::Authenticate>(*authenticate).serial_number, "S-1");
  EXPECT_EQ(std::get<mdm::TokenUpdate>(*update).push_token.bytes, "\x01\x02");
  EXPECT_EQ(mdm::identity_of(*check_out).enrolment.text(), "U-1");
  EXPECT_EQ(idle->status, mdm::Status::idle);
  EXPECT_EQ(failed->error_chain.size(), 1u);
}

TEST(LatencyHistogram, PercentilesAreWithinTheirBucketsWidth) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 1000; ++i) histogram.add(std::chrono::microseconds(i * 100));

  EXPECT_NEAR(static_cast<double>(histogram.percentile(0.5).count()), 50'000, 50'000 * 0.07);
  EXPECT_NEAR(static_cast<double>(histogram.percentile(0.99).count()), 99'000, 99'000 * 0.07);
  EXPECT_EQ(histogram.count(), 1000u);
}

TEST(LatencyHistogram, WithoutAnythingMeasuredIsZero) {
  EXPECT_EQ(LatencyHistogram().percentile(0.99).count(), 0);
}

}  // namespace
}  // namespace reveille::simulators::device
