#include "tools/simulators/apns/behaviour.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace reveille::simulators::apns {
namespace {

using reveille::apns::Reason;
using std::chrono::milliseconds;
using Duration = LatencyDistribution::Duration;

std::vector<Duration> drawn(const LatencyDistribution& distribution, std::uint64_t seed = 1) {
  Dice dice(seed, 0);
  std::vector<Duration> durations;
  for (int i = 0; i < 20'000; ++i) durations.push_back(distribution.draw(dice));
  std::ranges::sort(durations);
  return durations;
}

Duration at(const std::vector<Duration>& sorted, double share) {
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

void expect_near(Duration found, milliseconds wanted) {
  EXPECT_NEAR(static_cast<double>(found.count()), 1000.0 * static_cast<double>(wanted.count()),
              100.0 * static_cast<double>(wanted.count()));
}

TEST(Dice, TheSameSeedGivesTheSameBadDay) {
  Dice first(7, 3), second(7, 3), other(8, 3);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const double roll = first.roll();
    EXPECT_EQ(roll, second.roll());
    differs |= roll != other.roll();
  }
  EXPECT_TRUE(differs);
}

TEST(Dice, NeverAndAlwaysAreKept) {
  Dice dice(1, 1);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_FALSE(dice.happens(0));
    EXPECT_TRUE(dice.happens(1));
  }
}

TEST(Latency, WithoutAnyAnswersComeAtOnce) {
  EXPECT_TRUE(LatencyDistribution().none());
  EXPECT_FALSE(LatencyDistribution::fixed(milliseconds(5)).none());
}

TEST(Latency, UniformStaysBetweenItsEnds) {
  const auto durations = drawn(LatencyDistribution::uniform(milliseconds(10), milliseconds(30)));
  EXPECT_GE(durations.front(), milliseconds(10));
  EXPECT_LE(durations.back(), milliseconds(30));
  expect_near(at(durations, 0.5), milliseconds(20));
}

TEST(Latency, LognormalHasTheMedianAndTheTailThatItWasGiven) {
  const auto durations = drawn(LatencyDistribution::lognormal(milliseconds(20), milliseconds(400)));
  expect_near(at(durations, 0.5), milliseconds(20));
  EXPECT_NEAR(static_cast<double>(at(durations, 0.99).count()), 400'000, 80'000);
}

TEST(Latency, PercentilesAreMet) {
  const auto durations = drawn(LatencyDistribution::percentiles(
      {{0.5, milliseconds(10)}, {0.9, milliseconds(50)}, {1.0, milliseconds(1'000)}}));
  expect_near(at(durations, 0.5), milliseconds(10));
  expect_near(at(durations, 0.89), milliseconds(49));
  EXPECT_LE(durations.back(), milliseconds(1'000));
  EXPECT_GT(durations.back(), milliseconds(900));
}

TEST(TokenSelector, MatchesNamesAndBeginnings) {
  const TokenSelector some({"00ff*", "abcd", "0123"});
  EXPECT_TRUE(some.matches("00ff"));
  EXPECT_TRUE(some.matches("00ff10"));
  EXPECT_TRUE(some.matches("abcd"));
  EXPECT_FALSE(some.matches("abcdef"));
  EXPECT_FALSE(some.matches("00"));
  EXPECT_TRUE(TokenSelector().matches("anything"));
}

TEST(StatusRate, IsReadAsReasonAndShare) {
  const Result<PushFault> fault = parse_status_rate("TooManyRequests=0.25");

  ASSERT_TRUE(fault.has_value());
  EXPECT_EQ(fault->reason, Reason::too_many_requests);
  EXPECT_EQ(fault->status, 429);
  EXPECT_DOUBLE_EQ(fault->rate, 0.25);
}

TEST(StatusRate, WhatIsNoReasonOrNoShareIsRefusedByName) {
  for (const char* text : {"TooManyRequests", "Tired=0.1", "Unregistered=", "Unregistered=2",
                           "Unregistered=0.1x", "Unregistered=nan", "=0.1"}) {
    EXPECT_FALSE(parse_status_rate(text).has_value()) << text;
  }
}

TEST(ErrorCode, IsKnownByItsName) {
  EXPECT_EQ(error_code_of("REFUSED_STREAM"), 7u);
  EXPECT_EQ(error_code_of("HTTP_1_1_REQUIRED"), 13u);
  EXPECT_EQ(error_code_of("SHRUG"), std::nullopt);
}

}  // namespace
}  // namespace reveille::simulators::apns
