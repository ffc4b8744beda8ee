#include "tests/storage/store_contract.h"

// A look in passing says what a transaction would say, or nothing.
namespace reveille::storage::testing {
namespace {

class GlanceContractTest : public StoreContractTest {
 protected:
  void SetUp() override {
    StoreContractTest::SetUp();
    enrol(phone);
  }

  void is_heard() {
    ASSERT_TRUE(commit([&](Transaction& transaction) { return transaction.touch(phone, now); }));
  }
  bool is_at_rest() {
    const auto glance = store().glance(phone, now);
    return glance && glance->at_rest;
  }
};
REVEILLE_ON_EVERY_ENGINE(GlanceContractTest);

TEST_P(GlanceContractTest, ShowsTheRecordThatATransactionShows) {
  const auto glance = store().glance(phone, now);
  ASSERT_TRUE(glance);
  EXPECT_EQ(glance->enrolment, find(phone));
}

TEST_P(GlanceContractTest, OfWhomItDoesNotKnowItSaysNothing) {
  EXPECT_FALSE(store().glance(mac, now));
  EXPECT_FALSE(store().glance(mdm::EnrolmentId{}, now));
}

TEST_P(GlanceContractTest, WhoWasHeardLatelyAndHasNothingToDoIsAtRest) {
  EXPECT_FALSE(is_at_rest()) << "never heard: its time is to be written";
  is_heard();
  EXPECT_TRUE(is_at_rest());
  pass(StoreOptions{}.last_seen_resolution - 1ms);
  EXPECT_TRUE(is_at_rest());
  pass(1ms);
  EXPECT_FALSE(is_at_rest()) << "its time is to be written again";
}

TEST_P(GlanceContractTest, ACommandEndsTheRestUntilItHasEnded) {
  is_heard();
  enqueue(phone, restart);
  EXPECT_FALSE(is_at_rest());
  push(phone);
  EXPECT_EQ(says_idle(phone), restart.uuid.text);
  connects(phone);
  EXPECT_FALSE(is_at_rest()) << "it has been handed out, not answered";
  says_not_now(phone, restart);
  EXPECT_FALSE(is_at_rest()) << "it is put off";
  says_acknowledged(phone, restart);
  EXPECT_TRUE(is_at_rest());
}

TEST_P(GlanceContractTest, AWakeEndsTheRestUntilTheDeviceHasConnected) {
  is_heard();
  EXPECT_EQ(request_wake(phone), Enqueued::queued);
  EXPECT_FALSE(is_at_rest());
  push(phone);
  EXPECT_FALSE(is_at_rest()) << "the push is to be forgotten";
  connects(phone);
  EXPECT_TRUE(is_at_rest());
}

TEST_P(GlanceContractTest, ChangesThatAreNotCommittedAreNotSeen) {
  is_heard();
  {
    const std::unique_ptr<Transaction> dropped = store().begin();
    ASSERT_TRUE(dropped->end_enrolment(phone, EndReason::removed, now));
  }
  EXPECT_TRUE(is_at_rest());
  EXPECT_EQ(store().glance(phone, now)->enrolment.state, EnrolmentState::enrolled);
}

TEST_P(GlanceContractTest, ANextLifeIsNotMistakenForTheOneBefore) {
  is_heard();
  ASSERT_TRUE(authenticate(phone, 'n'));
  const auto glance = store().glance(phone, now);
  ASSERT_TRUE(glance);
  EXPECT_EQ(glance->enrolment.generation, 2u);
  EXPECT_EQ(glance->enrolment.certificate, digest('n'));
  EXPECT_FALSE(glance->at_rest);
}

}  // namespace
}  // namespace reveille::storage::testing
