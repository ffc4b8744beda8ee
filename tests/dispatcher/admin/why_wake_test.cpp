#include "dispatcher/admin/why_wake.h"

#include <gtest/gtest.h>

namespace reveille::admin {
namespace {

using namespace std::chrono_literals;

class WhyWakeTest : public testing::Test {
 protected:
  WhyWakeTest() {
    enrolment.state = storage::EnrolmentState::enrolled;
    enrolment.has_push_token = true;
  }
  void pushed(std::uint32_t times) {
    queue.ready = 1;
    wake.attempts = times;
    wake.first_pushed_at = now - 24h;
  }
  std::string why() { return why_wake(enrolment, queue, wake, now); }

  const storage::Time now{std::chrono::sys_days(2026y / 11 / 25)};
  storage::Enrolment enrolment;
  storage::QueueState queue;
  storage::WakeState wake;
};

TEST_F(WhyWakeTest, WithoutWorkThereIsNothingToDo) { EXPECT_EQ(why(), "it has nothing to do"); }

TEST_F(WhyWakeTest, WorkIsPushedNow) {
  queue.ready = 1;
  wake.due_at = now - 1s;
  EXPECT_EQ(why(), "its push is due");
}

TEST_F(WhyWakeTest, ASilentDeviceIsPushedByTheSchedule) {
  pushed(3);
  wake.due_at = now + 1h;
  EXPECT_EQ(why(),
            "pushed 3 times since 2026-11-24T00:00:00Z and not heard of: "
            "the next push is due at 2026-11-25T01:00:00Z");
}

TEST_F(WhyWakeTest, AfterALongSilenceItWaitsForNewWork) {
  pushed(1);
  EXPECT_EQ(why(),
            "pushed once since 2026-11-24T00:00:00Z and not heard of for long: "
            "pushed again for new work only, or once it has connected");
}

TEST_F(WhyWakeTest, WorkThatWasQueuedWithoutAPushWaitsForTheDevice) {
  queue.ready = 1;
  EXPECT_EQ(why(), "queued without a push: it gets its work when it connects");
}

TEST_F(WhyWakeTest, ADeviceThatOwesAnAnswerOrPutWorkOffIsGivenTime) {
  queue.put_off = 1;
  wake.due_at = now + 1h;
  EXPECT_EQ(why(),
            "it has connected, and is not done: "
            "the next push is due at 2026-11-25T01:00:00Z if it does not come before");
}

TEST_F(WhyWakeTest, WhatAPNsSaidIsTheReason) {
  queue.ready = 1;
  wake.due_at = now + 1h;
  wake.last_apns_reason = "TooManyRequests";
  EXPECT_EQ(why(), "TooManyRequests: the next push is due at 2026-11-25T01:00:00Z");
}

TEST_F(WhyWakeTest, WhoCannotBePushedIsToldWhy) {
  queue.ready = 1;
  wake.last_apns_reason = "Unregistered";
  enrolment.push_parked = true;
  EXPECT_EQ(why(), "APNs refuses its push token (Unregistered): pushed after its next TokenUpdate");
  wake.due_at = now + 1h;
  EXPECT_EQ(why(),
            "APNs refuses its push token (Unregistered): pushed after its next TokenUpdate, "
            "and given up at 2026-11-25T01:00:00Z unless it is heard of before");
  enrolment.push_parked = enrolment.has_push_token = false;
  EXPECT_EQ(why(), "it has sent no push token yet");
  enrolment.state = storage::EnrolmentState::ended;
  EXPECT_EQ(why(), "it has ended");
  enrolment.end_reason = storage::EndReason::unreachable;
  EXPECT_EQ(why(), "it has ended: APNs called its token dead, and it was not heard of");
}

}  // namespace
}  // namespace reveille::admin
