#include "dispatcher/device/exchange.h"

#include "dispatcher/device/statuses.h"
#include "tests/dispatcher/device/records_fixture.h"

// The rows of protocol.md section 4.
namespace reveille::device {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using storage::DeliveryState;
using storage::EndReason;
using storage::EnrolmentState;

class ExchangeTest : public RecordsTest {
 protected:
  ExchangeTest() {
    enrol(phone_, certificate_);
    enqueue("PHONE", command("a", "DeviceInformation"));
  }

  std::string says_idle() { return handed_out(says(idle(phone_), certificate_)); }
  std::string says_status(const std::string& status, const std::string& uuid) {
    return handed_out(says(report(phone_, status, uuid), certificate_));
  }
  std::string acknowledges(const std::string& uuid) { return says_status("Acknowledged", uuid); }
  std::string says_not_now(const std::string& uuid) { return says_status("NotNow", uuid); }

  const IdentityKeys phone_ = device_channel("PHONE");
  const storage::Sha256 certificate_ = issue('p');
};

TEST_F(ExchangeTest, IdleGetsTheHeadOfTheQueueWithItsExactBytes) {
  enqueue("PHONE", command("b", "ProfileList"));

  const Answer answer = says(idle(phone_), certificate_);

  ASSERT_TRUE(answer && answer->command);
  EXPECT_EQ(*answer->command, command("a", "DeviceInformation"));
  EXPECT_FALSE(answer->recorded);
}

TEST_F(ExchangeTest, IdleGetsACommandAgainThatWasSentAndNeverAnswered) {
  EXPECT_EQ(says_idle(), "a");
  EXPECT_EQ(says_idle(), "a");
  EXPECT_EQ(delivery("PHONE", "a").times_sent, 2u);
}

TEST_F(ExchangeTest, ADeviceThatTakesACommandAndNeverAnswersIsWokenAtGrowingIntervals) {
  const ExchangeTimeouts timeouts;
  for (const auto interval : {timeouts.answer, 4 * timeouts.answer, 16 * timeouts.answer}) {
    EXPECT_EQ(says_idle(), "a");
    EXPECT_EQ(wake_due_at("PHONE"), now_ + interval);
  }
}

TEST_F(ExchangeTest, ADeviceThatPutACommandOffHasAnsweredIt) {
  const ExchangeTimeouts timeouts;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(says_idle(), "a");
    EXPECT_EQ(wake_due_at("PHONE"), now_ + timeouts.answer);
    EXPECT_EQ(says_not_now("a"), "nothing");
  }
}

TEST_F(ExchangeTest, IdleWithAnEmptyQueueGetsAnEmptyBodyAndNoWake) {
  EXPECT_EQ(says_idle(), "a");
  EXPECT_EQ(acknowledges("a"), "nothing");

  EXPECT_EQ(says_idle(), "nothing");

  EXPECT_EQ(wake_due_at("PHONE"), std::nullopt);
}

TEST_F(ExchangeTest, AcknowledgedStoresTheResultByteForByteAndGetsTheNext) {
  enqueue("PHONE", command("b", "ProfileList"));
  EXPECT_EQ(says_idle(), "a");

  EXPECT_EQ(acknowledges("a"), "b");

  EXPECT_EQ(delivery("PHONE", "a").state, DeliveryState::acknowledged);
  EXPECT_EQ(store_->begin()->find_result(mdm::EnrolmentId("PHONE"), mdm::CommandUuid{"a"}).value(),
            report(phone_, "Acknowledged", "a"));
}

TEST_F(ExchangeTest, ErrorEndsTheCommandAndGetsTheNext) {
  enqueue("PHONE", command("b", "ProfileList"));
  EXPECT_EQ(says_idle(), "a");

  EXPECT_EQ(says_status("Error", "a"), "b");

  EXPECT_EQ(delivery("PHONE", "a").state, DeliveryState::failed);
  EXPECT_EQ(delivery("PHONE", "a").final_status, "Error");
}

TEST_F(ExchangeTest, CommandFormatErrorEndsTheCommandForGood) {
  EXPECT_EQ(says_idle(), "a");

  EXPECT_EQ(says_status("CommandFormatError", "a"), "nothing");
  EXPECT_EQ(says_idle(), "nothing");

  EXPECT_EQ(delivery("PHONE", "a").final_status, "CommandFormatError");
}

TEST_F(ExchangeTest, NotNowKeepsTheCommandUntilTheNextIdle) {
  EXPECT_EQ(says_idle(), "a");

  EXPECT_EQ(says_not_now("a"), "nothing");

  EXPECT_EQ(delivery("PHONE", "a").state, DeliveryState::queued);
  EXPECT_EQ(says_idle(), "a");
}

TEST_F(ExchangeTest, NotNowNeverGetsTheSameCommandTwiceInOneExchange) {
  enqueue("PHONE", command("b", "InstallProfile"));
  enqueue("PHONE", command("c", "ProfileList"));
  EXPECT_EQ(says_idle(), "a");

  EXPECT_EQ(says_not_now("a"), "b");
  EXPECT_EQ(says_not_now("b"), "c");
  EXPECT_EQ(acknowledges("c"), "nothing");
}

// A connection may break between a NotNow and its answer; the device says it again on the next.
TEST_F(ExchangeTest, ARepeatedNotNowGoesOnWithTheNextCommandAndDoesNotStartOver) {
  enqueue("PHONE", command("b", "InstallProfile"));
  EXPECT_EQ(says_idle(), "a");
  EXPECT_EQ(says_not_now("a"), "b");

  EXPECT_EQ(says_not_now("a"), "b");

  EXPECT_EQ(says_not_now("b"), "nothing");
  EXPECT_EQ(says_not_now("a"), "nothing");
}

TEST_F(ExchangeTest, ACommandQueuedDuringAnExchangeIsStillHandedOutInIt) {
  EXPECT_EQ(says_idle(), "a");
  enqueue("PHONE", command("b", "ProfileList"));

  EXPECT_EQ(says_not_now("a"), "b");
}

TEST_F(ExchangeTest, NotNowAsTheLastWordIsAPromiseToPollSoTheWakeIsOnlyASafetyNet) {
  EXPECT_EQ(says_idle(), "a");
  EXPECT_EQ(says_not_now("a"), "nothing");

  EXPECT_EQ(wake_due_at("PHONE"), now_ + rules_.timeouts.not_now_promised);
}

TEST_F(ExchangeTest, AnotherAnswerAfterNotNowTakesThePromiseAwaySoTheDeviceIsPushed) {
  enqueue("PHONE", command("b", "ProfileList"));
  EXPECT_EQ(says_idle(), "a");
  EXPECT_EQ(says_not_now("a"), "b");
  EXPECT_EQ(acknowledges("b"), "nothing");

  EXPECT_EQ(wake_due_at("PHONE"), now_ + rules_.timeouts.not_now_unpromised);
}

TEST_F(ExchangeTest, ACommandHandedOutIsFollowedUpByAWakeInCaseTheAnswerNeverComes) {
  EXPECT_EQ(says_idle(), "a");
  EXPECT_EQ(wake_due_at("PHONE"), now_ + rules_.timeouts.answer);
}

TEST_F(ExchangeTest, TheSameStatusTwiceChangesNothingAndGetsTheNextCommand) {
  enqueue("PHONE", command("b", "ProfileList"));
  EXPECT_EQ(says_idle(), "a");
  EXPECT_EQ(acknowledges("a"), "b");
  const storage::Delivery once = delivery("PHONE", "a");
  now_ += minutes(5);

  EXPECT_EQ(acknowledges("a"), "b");
  EXPECT_EQ(says_status("Error", "a"), "b");

  EXPECT_EQ(delivery("PHONE", "a"), once);
}

TEST_F(ExchangeTest, ALateNotNowDoesNotReopenACommandThatHasEnded) {
  EXPECT_EQ(says_idle(), "a");
  EXPECT_EQ(acknowledges("a"), "nothing");

  EXPECT_EQ(says_not_now("a"), "nothing");
  EXPECT_EQ(says_idle(), "nothing");

  EXPECT_EQ(delivery("PHONE", "a").state, DeliveryState::acknowledged);
}

TEST_F(ExchangeTest, AnUnknownCommandUuidIsAcceptedAndTheQueueGoesOn) {
  const Answer answer = says(report(phone_, "Acknowledged", "purged"), certificate_);

  ASSERT_TRUE(answer);
  EXPECT_EQ(handed_out(answer), "a");
  EXPECT_EQ(answer->recorded->kind, storage::Recorded::Kind::unknown);
}

TEST_F(ExchangeTest, CommandUuidsAreComparedByteForByte) {
  enqueue("PHONE", command("A", "ProfileList"));
  EXPECT_EQ(says_idle(), "a");
  EXPECT_EQ(acknowledges("A"), "a");
  EXPECT_EQ(delivery("PHONE", "A").state, DeliveryState::acknowledged);
  EXPECT_EQ(delivery("PHONE", "a").state, DeliveryState::sent);
}

TEST_F(ExchangeTest, APendingEnrolmentGetsNothing) {
  const IdentityKeys tablet = device_channel("TABLET");
  const storage::Sha256 certificate = issue('t');
  ASSERT_TRUE(authenticates(tablet, certificate));

  EXPECT_EQ(handed_out(says(idle(tablet), certificate)), "nothing");
}

TEST_F(ExchangeTest, NothingStoredForOneEnrolmentReachesAnother) {
  const IdentityKeys tablet = device_channel("TABLET");
  const storage::Sha256 certificate = issue('t');
  enrol(tablet, certificate);

  EXPECT_EQ(handed_out(says(idle(tablet), certificate)), "nothing");
  EXPECT_EQ(handed_out(says(idle(phone_), certificate)), "refused: certificate_bound_elsewhere");
  EXPECT_EQ(delivery("PHONE", "a").times_sent, 0u);
}

// ---- erase ----

class EraseTest : public RecordsTest {
 protected:
  EraseTest() {
    enrol(phone_, certificate_);
    enqueue("PHONE", command("erase", "EraseDevice"));
    enqueue("PHONE", command("later", "ProfileList"));
    EXPECT_EQ(handed_out(says(idle(phone_), certificate_)), "erase");
  }

  const IdentityKeys phone_ = device_channel("PHONE");
  const storage::Sha256 certificate_ = issue('p');
};

TEST_F(EraseTest, AnAcknowledgedEraseEndsTheEnrolmentAndVoidsItsQueue) {
  const Answer answer = says(report(phone_, "Acknowledged", "erase"), certificate_);

  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->erased);
  EXPECT_EQ(handed_out(answer), "nothing");
  EXPECT_EQ(enrolment("PHONE").state, EnrolmentState::ended);
  EXPECT_EQ(enrolment("PHONE").end_reason, EndReason::erased);
  EXPECT_EQ(delivery("PHONE", "erase").state, DeliveryState::acknowledged);
  EXPECT_EQ(delivery("PHONE", "later").state, DeliveryState::voided);
  EXPECT_EQ(wake_due_at("PHONE"), std::nullopt);
}

TEST_F(EraseTest, TheSameAcknowledgementAgainGetsANormalAnswerSinceTheFirstMayBeLost) {
  EXPECT_TRUE(says(report(phone_, "Acknowledged", "erase"), certificate_)->erased);

  const Answer again = says(report(phone_, "Acknowledged", "erase"), certificate_);

  ASSERT_TRUE(again);
  EXPECT_FALSE(again->erased);
  EXPECT_EQ(handed_out(again), "nothing");
}

TEST_F(EraseTest, AnUnansweredEraseIsOfferedAgainToADeviceThatSaysIdle) {
  EXPECT_EQ(handed_out(says(idle(phone_), certificate_)), "erase");
  EXPECT_EQ(enrolment("PHONE").state, EnrolmentState::enrolled);
}

TEST_F(EraseTest, AnErrorKeepsTheEnrolmentSinceNobodyKnowsWhetherAMacErasedItself) {
  const Answer answer = says(report(phone_, "Error", "erase"), certificate_);

  EXPECT_EQ(handed_out(answer), "later");
  EXPECT_EQ(enrolment("PHONE").state, EnrolmentState::enrolled);
}

TEST_F(EraseTest, ALateNotNowAfterTheAcknowledgementErasesNothingTwice) {
  says(report(phone_, "Acknowledged", "erase"), certificate_);

  EXPECT_EQ(handed_out(says(report(phone_, "NotNow", "erase"), certificate_)), "nothing");

  EXPECT_EQ(delivery("PHONE", "erase").state, DeliveryState::acknowledged);
}

TEST_F(EraseTest, AnEraseThatWasCancelledOnItsWayEndsTheEnrolmentAllTheSame) {
  in_transaction([&](auto& store) {
    return store.cancel(mdm::EnrolmentId("PHONE"), mdm::CommandUuid{"erase"}, now_);
  });

  EXPECT_TRUE(says(report(phone_, "Acknowledged", "erase"), certificate_)->erased);

  EXPECT_EQ(enrolment("PHONE").end_reason, EndReason::erased);
  EXPECT_EQ(delivery("PHONE", "erase").state, DeliveryState::cancelled);
}

TEST_F(EraseTest, AnErasedEnrolmentNeverReturns) {
  says(report(phone_, "Acknowledged", "erase"), certificate_);

  EXPECT_EQ(handed_out(says(idle(phone_), certificate_)), "refused: enrolment_ended");
  EXPECT_EQ(updates_token(phone_, certificate_).error(), Refusal::enrolment_ended);
  EXPECT_EQ(authenticates(phone_, certificate_).error(), Refusal::enrolment_ended);
}

TEST_F(EraseTest, TheErasedDeviceEnrolsAnewByANewLink) {
  says(report(phone_, "Acknowledged", "erase"), certificate_);
  now_ += minutes(10);
  const storage::Sha256 fresh = issue('q');

  enrol(phone_, fresh);

  EXPECT_EQ(enrolment("PHONE").generation, 2u);
  EXPECT_EQ(handed_out(says(idle(phone_), fresh)), "nothing") << "the old queue is void";
  EXPECT_EQ(handed_out(says(idle(phone_), certificate_)), "refused: certificate_superseded");
}

// ---- after the end ----

TEST_F(EraseTest, LateAnswersAfterTheEndAreTakenOffTheDevicesHandsAndChangeNothing) {
  end("PHONE", EndReason::removed);

  EXPECT_EQ(handed_out(says(report(phone_, "Acknowledged", "later"), certificate_)), "nothing");
  EXPECT_EQ(handed_out(says(report(phone_, "Error", "never heard of"), certificate_)), "nothing");

  EXPECT_EQ(delivery("PHONE", "later").state, DeliveryState::voided);
  EXPECT_EQ(enrolment("PHONE").end_reason, EndReason::removed);
}

TEST_F(EraseTest, IdleAfterTheEndIsRefused) {
  end("PHONE", EndReason::removed);

  EXPECT_EQ(handed_out(says(idle(phone_), certificate_)), "refused: enrolment_ended");
}

TEST_F(ExchangeTest, ADeviceThatWasGivenUpSurvivesTheRefusalAndItsTokenUpdateBringsItBack) {
  end("PHONE", EndReason::unreachable);

  EXPECT_EQ(says_idle(), "refused: enrolment_ended");
  EXPECT_EQ(status_of(Refusal::enrolment_ended, RequestKind::connect), 409) << "not 401 or 403";
  EXPECT_EQ(acknowledges("a"), "nothing") << "what it has to say is taken";

  ASSERT_TRUE(updates_token(phone_, certificate_));
  enqueue("PHONE", command("b", "ProfileList"));
  EXPECT_EQ(says_idle(), "b") << "what was queued before is void";
}

// ---- wake_after_exchange ----

TEST(WakeAfterExchangeTest, WhatIsOwedDecidesWhenTheDeviceIsWoken) {
  const ExchangeTimeouts timeouts;
  const storage::Time now{seconds(1'000)};
  const auto wake = [&](std::uint32_t times_unanswered, std::size_t put_off, mdm::Status status) {
    const HandedOut handed_out{.times_unanswered = times_unanswered, .put_off = put_off};
    return wake_after_exchange(handed_out, status, timeouts, now);
  };

  EXPECT_EQ(wake(1, 0, mdm::Status::idle), now + timeouts.answer);
  EXPECT_EQ(wake(1, 3, mdm::Status::not_now), now + timeouts.answer);
  EXPECT_EQ(wake(2, 0, mdm::Status::idle), now + 4 * timeouts.answer);
  EXPECT_EQ(wake(1'000'000, 0, mdm::Status::idle), now + timeouts.answer_max);
  EXPECT_EQ(wake(0, 0, mdm::Status::not_now), std::nullopt);
  EXPECT_EQ(wake(0, 0, mdm::Status::idle), std::nullopt);
  EXPECT_EQ(wake(0, 1, mdm::Status::not_now), now + timeouts.not_now_promised);
  for (const auto status :
       {mdm::Status::acknowledged, mdm::Status::error, mdm::Status::command_format_error}) {
    EXPECT_EQ(wake(0, 1, status), now + timeouts.not_now_unpromised);
  }
}

}  // namespace
}  // namespace reveille::device
