#include "dispatcher/wake/push.h"

#include <gtest/gtest.h>

namespace reveille::wake {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

class ExpirationTest : public testing::Test {
 protected:
  // From now on; 0 when APNs is to try once.
  std::chrono::seconds kept_for() {
    const auto expiration = expiration_of(wake, options, now);
    if (expiration == std::chrono::sys_seconds{}) return 0s;
    return expiration - std::chrono::floor<std::chrono::seconds>(now);
  }

  const storage::Time now{std::chrono::sys_days(2026y / 11 / 25) + 10h};
  WakeOptions options;
  storage::DueWake wake;
};

TEST_F(ExpirationTest, IsTheLastOneOfTheWork) {
  wake.work_expires_at = now + 90s;
  EXPECT_EQ(kept_for(), 90s);
  wake.work_expires_at = now + days(20);
  EXPECT_EQ(kept_for(), days(20));
}

TEST_F(ExpirationTest, IsBoundedByTheMaximum) {
  wake.work_expires_at = now + days(400);
  EXPECT_EQ(kept_for(), days(30));
  options.expiration_max = days(2);
  EXPECT_EQ(kept_for(), days(2));
  wake.work_expires_at.reset();
  EXPECT_EQ(kept_for(), days(2));
}

TEST_F(ExpirationTest, OfWorkThatNeverExpiresIsTheConfiguredOne) {
  EXPECT_EQ(kept_for(), days(7));
  options.expiration = 0s;
  EXPECT_EQ(kept_for(), 0s) << "tried once";
}

TEST_F(ExpirationTest, OfWorkThatHasExpiredIsOneTry) {
  wake.work_expires_at = now;
  EXPECT_EQ(kept_for(), 0s);
  wake.work_expires_at = now - 1h;
  EXPECT_EQ(kept_for(), 0s);
}

TEST_F(ExpirationTest, IsRoundedUpToTheHourWhenItIsADayOrMore) {
  wake.work_expires_at = now + days(1) + 1ms;
  EXPECT_EQ(kept_for(), days(1) + 1h);
  wake.work_expires_at = now + days(1) - 1s;
  EXPECT_EQ(kept_for(), days(1) - 1s);
}

TEST_F(ExpirationTest, OfTheLastPushBeforeALongSilenceIsTheMaximum) {
  wake.attempts = 30;
  wake.first_pushed_at = now - days(29) - 12h;
  EXPECT_EQ(kept_for(), days(30));
  wake.first_pushed_at = now - days(20);
  EXPECT_EQ(kept_for(), days(7)) << "another one follows";
  wake.work_expires_at = now + 1h;
  EXPECT_EQ(kept_for(), 1h);
}

}  // namespace
}  // namespace reveille::wake
