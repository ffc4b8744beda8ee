#include "dispatcher/batch/allowance.h"

#include <gtest/gtest.h>

namespace reveille::batch {
namespace {

using namespace std::chrono_literals;

// What is granted from `start` on when somebody asks each `step` for as much as there is.
std::size_t granted(Allowance& allowance, Clock::SteadyTime start, std::chrono::milliseconds time,
                    std::chrono::milliseconds step) {
  std::size_t sum = 0;
  for (auto now = start; now < start + time; now += step) {
    const std::size_t count = allowance.available(512, now);
    allowance.take(count, now);
    sum += count;
  }
  return sum;
}

const Clock::SteadyTime start = Clock::SteadyTime{} + 1h;

TEST(AllowanceTest, WithoutARateThereIsNoLimit) {
  Allowance allowance(0, start);
  allowance.take(512, start);
  EXPECT_EQ(allowance.available(512, start), 512u);
  EXPECT_FALSE(allowance.is_limited());
}

TEST(AllowanceTest, BeginsWithOneSoThatRestartsAreNoStorm) {
  const Allowance allowance(1'000, start);
  EXPECT_EQ(allowance.available(512, start), 1u);
}

TEST(AllowanceTest, KeepsTheRateHoweverOftenItIsAsked) {
  for (const auto step : {1ms, 7ms, 50ms, 150ms}) {
    Allowance allowance(100, start);
    const std::size_t sum = granted(allowance, start, 10s, step);
    EXPECT_LE(sum, 1'001u) << step.count();
    EXPECT_GE(sum, 985u) << step.count();
  }
}

TEST(AllowanceTest, ARateOfOneAMinuteIsNotNeededButOneASecondIsKept) {
  Allowance allowance(1, start);
  EXPECT_EQ(granted(allowance, start, 10s, 100ms), 10u);
}

TEST(AllowanceTest, WhatWasNotUsedForLongIsNotSavedUp) {
  Allowance allowance(100, start);
  EXPECT_EQ(allowance.available(512, start + 1h), 20u);
}

TEST(AllowanceTest, WhatIsGivenBackMayBeTakenAgainAtOnce) {
  Allowance allowance(100, start);
  const auto later = start + 1s;
  allowance.take(20, later);
  EXPECT_EQ(allowance.available(512, later), 0u);
  allowance.give_back(15);
  EXPECT_EQ(allowance.available(512, later), 15u);
}

TEST(AllowanceTest, SaysWhenEnoughForACommitIsThere) {
  Allowance allowance(100, start);
  const auto later = start + 1s;
  allowance.take(20, later);
  const std::size_t enough = allowance.worthwhile(512);
  EXPECT_EQ(enough, 10u);
  EXPECT_EQ(allowance.ready_at(enough), later + 100ms);
  EXPECT_EQ(allowance.available(512, later + 100ms), enough);
  EXPECT_EQ(allowance.available(512, later + 99ms), enough - 1);
}

}  // namespace
}  // namespace reveille::batch
