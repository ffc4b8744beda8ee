#include "dispatcher/wake/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

namespace reveille::wake {
namespace {

using namespace std::chrono_literals;

TEST(ScheduleTest, ASilentDeviceIsWokenAtGrowingIntervalsAndTheLastOneRepeats) {
  const std::vector<std::chrono::seconds> silence{30s, 120s, 480s};

  EXPECT_EQ(silence_after(silence, 0), 30s);
  EXPECT_EQ(silence_after(silence, 1), 120s);
  EXPECT_EQ(silence_after(silence, 2), 480s);
  EXPECT_EQ(silence_after(silence, 3), 480s);
  EXPECT_EQ(silence_after(silence, 4'000'000'000), 480s);
}

TEST(ScheduleTest, AfterALongSilenceNoPushFollowsThePush) {
  const std::vector<std::chrono::seconds> silence{30s, 86'400s};
  const storage::Time first{1'700'000'000'000ms};
  const auto next = [&](std::chrono::seconds long_silence, std::chrono::seconds silent_for) {
    Jitter jitter(1);
    return next_push_at(silence, long_silence, 5, first, first + silent_for, jitter);
  };
  constexpr std::chrono::seconds month = std::chrono::days(30), day = std::chrono::days(1);
  EXPECT_TRUE(next(month, 5 * day));
  EXPECT_TRUE(next(month, month - 2 * day));
  EXPECT_FALSE(next(month, month - day / 2)) << "the next one would come later";
  EXPECT_FALSE(next(month, 10 * month)) << "also when new work was pushed";
  EXPECT_TRUE(next(0s, 1'000 * month)) << "without an end";
}

TEST(ScheduleTest, BackOffDoublesUpToItsLimit) {
  EXPECT_EQ(back_off(2s, 900s, 0), 2s);
  EXPECT_EQ(back_off(2s, 900s, 1), 4s);
  EXPECT_EQ(back_off(2s, 900s, 8), 512s);
  EXPECT_EQ(back_off(2s, 900s, 9), 900s);
  EXPECT_EQ(back_off(2s, 900s, 4'000'000'000), 900s);
  EXPECT_EQ(back_off(30s, 10s, 0), 10s);
}

TEST(ScheduleTest, JitterReachesATenthBothWaysAndNoFurther) {
  Jitter jitter(1);
  std::vector<std::chrono::milliseconds> times;
  for (int i = 0; i < 2'000; ++i) times.push_back(jitter.spread(30s));

  const auto [shortest, longest] = std::ranges::minmax_element(times);
  EXPECT_GE(*shortest, 27s);
  EXPECT_LT(*shortest, 27'200ms);
  EXPECT_LE(*longest, 33s);
  EXPECT_GT(*longest, 32'800ms);
}

TEST(ScheduleTest, WhatIsSpreadTogetherComesAtFewTimesWithinATenth) {
  Jitter jitter(1);
  const storage::Time now(1'700'000'000'123ms);
  std::set<storage::Time> times;
  for (int i = 0; i < 2'000; ++i) {
    times.insert(jitter.spread_together(now + std::chrono::milliseconds(i), 600s));
  }
  EXPECT_GE(*times.begin(), now + 540s);
  EXPECT_LE(*times.rbegin(), now + 2s + 660s);
  EXPECT_GE(times.size(), 4u);
  EXPECT_LE(times.size(), 5u);
  EXPECT_EQ(jitter.spread_together(now, 9ms), now + 9ms);
}

TEST(ScheduleTest, WhatMustWaitIsNeverSpreadToBeforeItsTime) {
  Jitter jitter(2);
  for (int i = 0; i < 2'000; ++i) {
    const auto time = jitter.after(300s);
    EXPECT_GE(time, 300s);
    EXPECT_LE(time, 331s);
  }
}

TEST(ScheduleTest, TheSameSeedGivesTheSameSchedule) {
  Jitter one(7), same(7), other(8);
  bool differs = false;
  for (int i = 0; i < 20; ++i) {
    const auto time = one.spread(86'400s);
    EXPECT_EQ(time, same.spread(86'400s));
    differs = differs || time != other.spread(86'400s);
  }
  EXPECT_TRUE(differs);
}

TEST(ScheduleTest, ATimeTooShortForATenthStaysAsItIs) {
  Jitter jitter(3);
  EXPECT_EQ(jitter.spread(0ms), 0ms);
  EXPECT_EQ(jitter.spread(9ms), 9ms);
}

}  // namespace
}  // namespace reveille::wake
