#include "dispatcher/wake/troubles.h"

#include <gtest/gtest.h>

namespace reveille::wake {
namespace {

using namespace std::chrono_literals;

class TroublesTest : public testing::Test {
 protected:
  storage::DueWake wake(const std::string& id, storage::Time token_updated_at = {}) {
    storage::DueWake wake;
    wake.enrolment = mdm::EnrolmentId(id);
    wake.token_updated_at = token_updated_at;
    return wake;
  }

  storage::Time now{std::chrono::milliseconds(1'700'000'000'000)};
  Troubles troubles{3};
};

TEST_F(TroublesTest, ATokenRestsUntilItsTimeAndCountsItsFailures) {
  troubles.add(wake("phone"), now + 30s, now);
  troubles.add(wake("phone"), now + 60s, now);
  EXPECT_EQ(troubles.failures(wake("phone")), 2u);
  EXPECT_EQ(troubles.rests_until(wake("phone"), now), now + 60s);
  EXPECT_EQ(troubles.rests_until(wake("phone"), now + 60s), std::nullopt);
  EXPECT_EQ(troubles.failures(wake("tablet")), 0u);
}

TEST_F(TroublesTest, ALaterTokenStartsAfresh) {
  troubles.add(wake("phone", now), now + 30s, now);
  EXPECT_EQ(troubles.rests_until(wake("phone", now + 1s), now), std::nullopt);
  EXPECT_EQ(troubles.failures(wake("phone", now + 1s)), 0u);
  troubles.add(wake("phone", now + 1s), now + 30s, now);
  EXPECT_EQ(troubles.failures(wake("phone", now + 1s)), 1u);
}

TEST_F(TroublesTest, SuccessIsForgiven) {
  troubles.add(wake("phone"), now + 30s, now);
  troubles.forget(mdm::EnrolmentId("phone"));
  EXPECT_EQ(troubles.failures(wake("phone")), 0u);
  EXPECT_EQ(troubles.size(), 0u);
}

TEST_F(TroublesTest, RemembersNoMoreThanItsLimitAndForgetsTheOldOnesFirst) {
  for (const char* id : {"1", "2", "3", "4"}) troubles.add(wake(id), now + 30s, now);
  EXPECT_EQ(troubles.size(), 3u);
  EXPECT_EQ(troubles.failures(wake("4")), 0u);
  troubles.add(wake("3"), now + 3h, now);  // known: counted though it is full

  now += 2h;
  troubles.add(wake("4"), now + 30s, now);
  EXPECT_EQ(troubles.size(), 2u);
  EXPECT_EQ(troubles.failures(wake("3")), 2u);
  EXPECT_EQ(troubles.failures(wake("4")), 1u);
}

}  // namespace
}  // namespace reveille::wake
