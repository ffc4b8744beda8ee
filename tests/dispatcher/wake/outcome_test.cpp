#include "dispatcher/wake/outcome.h"

#include <gtest/gtest.h>

namespace reveille::wake {
namespace {

using namespace std::chrono_literals;
using Record = storage::WakeRecord::Outcome;

class OutcomeTest : public testing::Test {
 protected:
  OutcomeTest() { wake.token_updated_at = now - 1h; }

  static apns::PushOutcome answer(int status, const char* reason = "") {
    apns::PushOutcome outcome;
    apns::Response response;
    response.status = status;
    response.reason_text = reason;
    response.reason = apns::parse_reason(reason);
    outcome.response = std::move(response);
    return outcome;
  }

  Settlement settled(const apns::PushOutcome& outcome, std::uint32_t failures_before = 0) {
    return settle(wake, outcome, failures_before, options, now, jitter);
  }

  void expect_rest(const Settlement& settlement, std::chrono::milliseconds time) {
    EXPECT_EQ(settlement.record, Record::postponed);
    EXPECT_TRUE(settlement.token_rests);
    EXPECT_GE(settlement.next_due_at, now + time * 9 / 10);
    EXPECT_LE(settlement.next_due_at.value(), now + time * 11 / 10);
  }

  const storage::Time now{std::chrono::milliseconds(1'700'000'000'000)};
  WakeOptions options;
  storage::DueWake wake;
  Jitter jitter{1};
};

TEST_F(OutcomeTest, AnAcceptedPushIsRepeatedAfterTheSilenceThatFollowsItsAttempt) {
  wake.attempts = 1;
  wake.first_pushed_at = now - 30s;
  const Settlement settlement = settled(answer(200));

  EXPECT_EQ(settlement.record, Record::pushed);
  EXPECT_GE(settlement.next_due_at, now + 108s);
  EXPECT_LE(settlement.next_due_at.value(), now + 132s);
  EXPECT_EQ(settlement.topic, TopicNews::accepted);
  EXPECT_FALSE(settlement.token_rests);
}

TEST_F(OutcomeTest, ThePushOfADeviceThatWasSilentForLongIsNotRepeated) {
  wake.attempts = 40;
  wake.first_pushed_at = now - std::chrono::days(31);
  const Settlement settlement = settled(answer(200));

  EXPECT_EQ(settlement.record, Record::pushed);
  EXPECT_FALSE(settlement.next_due_at);

  EXPECT_TRUE(settled(answer(503)).next_due_at) << "but one that did not reach APNs";
  wake.attempts = 0;
  EXPECT_TRUE(settled(answer(200)).next_due_at) << "what an earlier silence left is none";
}

TEST_F(OutcomeTest, ATokenThatDiedAfterItsUpdateIsParked) {
  apns::PushOutcome dead = answer(410, "Unregistered");
  dead.response->unregistered_at.emplace((now - 1min).time_since_epoch());
  EXPECT_EQ(settled(dead).record, Record::parked);
}

TEST_F(OutcomeTest, OnlyADeadTokenIsGivenUpAndOnlyWhenThatIsConfigured) {
  EXPECT_EQ(settled(answer(410, "Unregistered")).next_due_at, now + std::chrono::days(180));
  EXPECT_EQ(settled(answer(410, "ExpiredToken")).next_due_at, now + std::chrono::days(180));
  EXPECT_FALSE(settled(answer(400, "BadDeviceToken")).next_due_at);
  options.unreachable_after = 0s;
  const Settlement never = settled(answer(410, "Unregistered"));
  EXPECT_EQ(never.record, Record::parked);
  EXPECT_FALSE(never.next_due_at);
}

TEST_F(OutcomeTest, AParkedEnrolmentEndsUnlessItWasHeardOf) {
  options.unreachable_after = 100h;
  wake.is_parked = true;
  wake.last_seen_at = now - 100h;
  EXPECT_EQ(settle_parked(wake, options, now).record, Record::unreachable);

  wake.last_seen_at = now - 99h;
  EXPECT_EQ(settle_parked(wake, options, now).record, Record::parked);
  EXPECT_EQ(settle_parked(wake, options, now).next_due_at, now + 1h);

  options.unreachable_after = 0s;
  wake.last_seen_at = {};
  EXPECT_EQ(settle_parked(wake, options, now).record, Record::parked);
  EXPECT_FALSE(settle_parked(wake, options, now).next_due_at);
}

TEST_F(OutcomeTest, ATokenThatCameAfterItsDeathIsTriedAgainLater) {
  apns::PushOutcome dead = answer(410, "Unregistered");
  dead.response->unregistered_at.emplace((wake.token_updated_at - 1ms).time_since_epoch());
  expect_rest(settled(dead), 30s);
}

TEST_F(OutcomeTest, ADeathWithoutATimeParks) {
  EXPECT_EQ(settled(answer(410, "ExpiredToken")).record, Record::parked);
}

TEST_F(OutcomeTest, AnUnusableTokenIsParkedAndMakesItsTopicDoubtful) {
  for (const char* reason : {"BadDeviceToken", "DeviceTokenNotForTopic"}) {
    const Settlement settlement = settled(answer(400, reason));
    EXPECT_EQ(settlement.record, Record::parked) << reason;
    EXPECT_EQ(settlement.topic, TopicNews::doubtful) << reason;
  }
}

TEST_F(OutcomeTest, ABusyTokenBacksOffByItselfAndLongerEachTime) {
  const apns::PushOutcome busy = answer(429, "TooManyRequests");
  expect_rest(settled(busy), 30s);
  expect_rest(settled(busy, 1), 60s);
  expect_rest(settled(busy, 20), 900s);
  EXPECT_EQ(settled(busy).topic, TopicNews::answered);
}

TEST_F(OutcomeTest, ARefusedTopicIsNewsOfTheTopicAndNotOfTheToken) {
  for (const auto& [status, reason] : {std::pair{403, "BadCertificate"},
                                       {403, "Forbidden"},
                                       {400, "BadTopic"},
                                       {400, "TopicDisallowed"},
                                       {403, ""}}) {
    const Settlement settlement = settled(answer(status, reason));
    EXPECT_EQ(settlement.record, Record::postponed) << reason;
    EXPECT_EQ(settlement.topic, TopicNews::refused) << reason;
    EXPECT_FALSE(settlement.token_rests) << reason;
  }
}

TEST_F(OutcomeTest, AServerErrorAndNoAnswerAreTriedAgainWithADoublingBackOff) {
  apns::PushOutcome silence;
  silence.failure = "timed out";
  for (const apns::PushOutcome& outcome :
       {answer(500, "InternalServerError"), answer(503, "Shutdown"), silence}) {
    expect_rest(settled(outcome), 2s);
    expect_rest(settled(outcome, 3), 16s);
    EXPECT_EQ(settled(outcome).topic, TopicNews::failed);
  }
}

TEST_F(OutcomeTest, OurOwnMistakeIsNotRepeatedForADay) {
  const Settlement settlement = settled(answer(400, "BadPriority"));
  EXPECT_TRUE(settlement.is_our_defect);
  expect_rest(settlement, 86'400s);
  EXPECT_EQ(settlement.topic, TopicNews::doubtful);
}

TEST_F(OutcomeTest, AWakeOfATopicWithoutACertificateBlamesTheTopic) {
  apns::PushOutcome unsent;
  unsent.is_of_other_topic = true;
  const Settlement settlement = settled(unsent);
  EXPECT_EQ(settlement.record, Record::postponed);
  EXPECT_EQ(settlement.topic, TopicNews::refused);
  EXPECT_FALSE(settlement.token_rests);
}

TEST_F(OutcomeTest, OperatorsAreToldTheReasonAsItCameOrWhyThereWasNone) {
  EXPECT_EQ(reason_of(answer(400, "SomethingNew")), "SomethingNew");
  EXPECT_EQ(reason_of(answer(200)), "");
  apns::PushOutcome silence;
  silence.failure = "timed out";
  EXPECT_EQ(reason_of(silence), "timed out");
}

}  // namespace
}  // namespace reveille::wake
