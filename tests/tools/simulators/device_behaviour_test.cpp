#include "tools/simulators/device/behaviour.h"

#include <gtest/gtest.h>

#include "tools/simulators/device/expectations.h"
#include "tools/simulators/device/setup_assistant.h"
#include "tools/simulators/device/verdict.h"
#include "tools/simulators/latency_histogram.h"

namespace reveille::simulators::device {
namespace {

mdm::Command command(std::string uuid, std::string request_type = "SecurityInfo") {
  return mdm::Command{
      .uuid = {std::move(uuid)}, .request_type = std::move(request_type), .body = {}};
}

const Speaker phone{.kind = Kind::phones, .device = "U"};
const Speaker mac_user{
    .kind = Kind::macs, .device = "U", .user = User{.id = "1", .short_name = "a"}};
const Speaker own_phone{.kind = Kind::user_enrolled_phones, .device = "E"};

TEST(Behaviour, CommandsThatIosNeverPutsOffAreNotPutOff) {
  const Scenario::Answers rates{.not_now_rate = 1.0};
  Dice dice(1, 1);

  EXPECT_EQ(answer_to(command("1", "EraseDevice"), phone, rates, dice).status,
            mdm::Status::acknowledged);
  EXPECT_EQ(answer_to(command("2", "DeviceInformation"), phone, rates, dice).status,
            mdm::Status::acknowledged);
  EXPECT_EQ(answer_to(command("3", "SecurityInfo"), phone, rates, dice).status,
            mdm::Status::not_now);
}

TEST(Behaviour, AnEraseIsAnsweredOnceAndOnlyByWhatCanBeErased) {
  const Scenario::Answers rates{.fail_rate = 1, .repeated_rate = 1, .forgotten_rate = 1};
  Dice dice(1, 1);

  EXPECT_EQ(answer_to(command("1", "EraseDevice"), phone, rates, dice), Answer{});
  EXPECT_EQ(answer_to(command("1", "EraseDevice"), mac_user, rates, dice).status,
            mdm::Status::error);
  EXPECT_EQ(answer_to(command("1", "EraseDevice"), own_phone, rates, dice).status,
            mdm::Status::error);
}

TEST(Behaviour, ALateNotNowFollowsEndStatesOnly) {
  Dice dice(1, 1);
  const Scenario::Answers puts_off{.not_now_rate = 1, .not_now_after_end_rate = 1};
  const Scenario::Answers acknowledges{.not_now_after_end_rate = 1};

  EXPECT_FALSE(answer_to(command("1", "SecurityInfo"), phone, puts_off, dice).not_now_follows);
  EXPECT_TRUE(answer_to(command("1", "SecurityInfo"), phone, acknowledges, dice).not_now_follows);
}

TEST(Behaviour, WhatEndsSetupAssistantMayBePutOffButDoesNotFail) {
  Dice dice(1, 1);
  const Scenario::Answers fails{.fail_rate = 1, .format_error_rate = 1};
  const Scenario::Answers puts_off{.not_now_rate = 1, .fail_rate = 1};

  EXPECT_EQ(answer_to(command("1", "DeviceConfigured"), phone, fails, dice).status,
            mdm::Status::acknowledged);
  EXPECT_EQ(answer_to(command("1", "UserConfigured"), phone, puts_off, dice).status,
            mdm::Status::not_now);
}

TEST(Behaviour, TheSameSeedAnswersTheSame) {
  const Scenario::Answers rates{.not_now_rate = 0.5, .fail_rate = 0.5, .late_rate = 0.5};
  Dice one(7, 3), other(7, 3);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(answer_to(command("1", "SecurityInfo"), phone, rates, one),
              answer_to(command("1", "SecurityInfo"), phone, rates, other));
  }
}

TEST(Expectations, ACommandHandedOutAfterItsEndStateBreaksOne) {
  Expectations expectations;
  expectations.begin_exchange();
  EXPECT_EQ(expectations.on_handed_out(command("A")), std::nullopt);
  expectations.on_answer_accepted({"A"}, mdm::Status::acknowledged);

  EXPECT_EQ(expectations.on_handed_out(command("A")), Rule::one_end_state);
}

TEST(Expectations, ACommandPutOffMayComeBackOnlyInALaterExchange) {
  Expectations expectations;
  expectations.begin_exchange();
  expectations.on_answer_accepted({"A"}, mdm::Status::not_now);

  EXPECT_EQ(expectations.on_handed_out(command("A")), Rule::not_now_rest);
  expectations.begin_exchange();
  EXPECT_EQ(expectations.on_handed_out(command("A")), std::nullopt);
}

TEST(Expectations, WhatWasHandedOutBeforeAnAuthenticateIsVoidAfterIt) {
  Expectations expectations;
  EXPECT_EQ(expectations.on_handed_out(command("A")), std::nullopt);
  expectations.begin_life();

  EXPECT_EQ(expectations.on_handed_out(command("A")), Rule::earlier_life_void);
  EXPECT_EQ(expectations.on_handed_out(command("B")), std::nullopt);
}

TEST(Expectations, WhatEndsSetupAssistantBeforeAnotherThatIsPendingIsEarly) {
  Expectations expectations;
  expectations.begin_exchange();
  EXPECT_EQ(expectations.on_handed_out(command("A")), std::nullopt);
  expectations.begin_exchange();  // A was never answered

  EXPECT_EQ(expectations.on_handed_out(command("C", "DeviceConfigured")), Rule::configured_last);
}

TEST(Expectations, WhatEndsSetupAssistantWaitsNeitherForWhatIsPutOffNorForItsLike) {
  Expectations expectations;
  expectations.begin_exchange();
  EXPECT_EQ(expectations.on_handed_out(command("A")), std::nullopt);
  expectations.on_answer_accepted({"A"}, mdm::Status::not_now);
  EXPECT_EQ(expectations.on_handed_out(command("B", "UserConfigured")), std::nullopt);

  EXPECT_EQ(expectations.on_handed_out(command("C", "DeviceConfigured")), std::nullopt);
}

TEST(Expectations, ALoginThatWaitsNeedsAllThatIsPendingBeforeTheEmptyBody) {
  Expectations expectations;
  expectations.begin_exchange();
  expectations.on_handed_out(command("A"));
  expectations.on_answer_accepted({"A"}, mdm::Status::not_now);
  EXPECT_EQ(expectations.on_end_of_login(), std::nullopt) << "the device's own doing";

  expectations.begin_exchange();
  EXPECT_EQ(expectations.on_end_of_login(), Rule::all_at_login);
  expectations.on_handed_out(command("A"));
  expectations.on_answer_accepted({"A"}, mdm::Status::acknowledged);
  EXPECT_EQ(expectations.on_end_of_login(), std::nullopt);
}

TEST(Expectations, ALoginOfANewLifeNeedsNothingOfTheOldOne) {
  Expectations expectations;
  expectations.on_handed_out(command("A"));
  expectations.begin_life();
  EXPECT_EQ(expectations.on_end_of_login(), std::nullopt);
}

constexpr Scenario::Setup all_in_setup{.awaiting_rate = 1, .user_configuration_rate = 1};

SetupAssistant begun(const Speaker& speaker) {
  Dice dice(1, 1);
  SetupAssistant setup;
  setup.begin(speaker, all_in_setup, dice);
  return setup;
}

TEST(SetupAssistant, AwaitsConfigurationUntilItIsAcknowledged) {
  SetupAssistant setup = begun(phone);
  EXPECT_TRUE(setup.is_awaiting());
  EXPECT_EQ(setup.begin_exchange(false), Occasion::ordinary);
  EXPECT_FALSE(setup.puts_off(command("1")));
  setup.on_acknowledged(command("1"));
  setup.on_empty_body();
  EXPECT_TRUE(setup.is_awaiting());

  setup.on_acknowledged(command("2", "DeviceConfigured"));
  EXPECT_FALSE(setup.is_awaiting());
}

TEST(SetupAssistant, HoldsOnlyWhatAnAutomatedEnrolmentHolds) {
  const User user{.id = "1", .short_name = "a"};
  EXPECT_TRUE(begun({.kind = Kind::macs, .device = "U"}).is_awaiting());
  EXPECT_TRUE(begun({.kind = Kind::shared_ipads, .device = "U"}).is_awaiting());
  EXPECT_TRUE(begun({.kind = Kind::shared_ipads, .device = "U", .user = user}).is_awaiting());
  EXPECT_FALSE(begun(mac_user).is_awaiting());
  EXPECT_FALSE(begun(own_phone).is_awaiting());
  EXPECT_FALSE(begun({.kind = Kind::account_driven_phones, .device = "U"}).is_awaiting());
}

TEST(SetupAssistant, AUserOfAMacIsCreatedByTheEmptyBodyAndLogsInNext) {
  SetupAssistant setup = begun(mac_user);
  EXPECT_EQ(setup.begin_exchange(true), Occasion::user_setup);
  EXPECT_TRUE(setup.puts_off(command("1")));
  EXPECT_FALSE(setup.puts_off(command("1", "DeviceConfigured")));
  EXPECT_FALSE(setup.logs_in_next());
  setup.on_empty_body();
  EXPECT_FALSE(setup.puts_off(command("1")));
  EXPECT_TRUE(setup.logs_in_next());

  EXPECT_EQ(setup.begin_exchange(false), Occasion::login) << "the first";
  EXPECT_FALSE(setup.logs_in_next());
  EXPECT_EQ(setup.begin_exchange(false), Occasion::ordinary);
  EXPECT_EQ(setup.begin_exchange(true), Occasion::login) << "a later one that waits";
}

TEST(SetupAssistant, DeviceConfiguredOnTheUserChannelCreatesTheUserToo) {
  SetupAssistant setup = begun(mac_user);
  setup.begin_exchange(false);
  setup.on_acknowledged(command("1", "DeviceConfigured"));
  EXPECT_FALSE(setup.puts_off(command("2")));
  EXPECT_TRUE(setup.logs_in_next());
}

http::Response response(int status, std::vector<http::Header> headers = {}, Bytes body = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

TEST(Verdict, A401UnenrolsUnlessItAsksForABearerTokenOfOneWhoHasIt) {
  const http::Response bare = response(401);
  const http::Response asks =
      response(401, {{"www-authenticate", "Bearer method=\"apple-as-web\", url=\"https://x/\""}});

  EXPECT_EQ(verdict_of(bare, false), Verdict::unenrolled);
  EXPECT_EQ(verdict_of(bare, true), Verdict::unenrolled);
  EXPECT_EQ(verdict_of(asks, false), Verdict::unenrolled);
  EXPECT_EQ(verdict_of(asks, true), Verdict::sign_in_again);
}

TEST(Verdict, A403UnenrolsByItsCodeOnly) {
  const http::Response gone = response(403, {}, R"({"code":"com.apple.unrecognized.device"})");

  EXPECT_EQ(verdict_of(gone, false), Verdict::unenrolled);
  EXPECT_EQ(verdict_of(response(403), false), Verdict::refused);
}

TEST(Verdict, WhatPassesByItselfIsTriedAgainAndTheRestIsARefusal) {
  EXPECT_EQ(verdict_of(response(200), false), Verdict::accepted);
  EXPECT_EQ(verdict_of(response(503), false), Verdict::unavailable);
  EXPECT_EQ(verdict_of(response(501), false), Verdict::refused);
  EXPECT_EQ(verdict_of(response(409), false), Verdict::refused);
  EXPECT_EQ(verdict_of(response(410), false), Verdict::refused);
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
