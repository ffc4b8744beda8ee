#include "tools/simulators/apns/misbehaviour.h"

#include <gtest/gtest.h>

namespace reveille::simulators::apns {
namespace {

using reveille::apns::Reason;

TEST(Misbehaviour, TheSameSeedGivesTheSameBadDay) {
  MisbehaviourOptions options;
  options.refuse_rate = 0.3;
  options.stall_rate = 0.3;
  Misbehaviour first(options, 7), second(options, 7);

  for (int i = 0; i < 100; ++i) EXPECT_EQ(first.fate(), second.fate());
}

TEST(Misbehaviour, WithoutRatesEveryPushIsAnswered) {
  Misbehaviour well_behaved(MisbehaviourOptions(), 1);

  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(well_behaved.fate(), Fate::answer);
    EXPECT_EQ(well_behaved.forced_reason(), Reason::none);
  }
}

TEST(Misbehaviour, ARateOfOneAlwaysHappens) {
  MisbehaviourOptions options;
  options.statuses = {{Reason::service_unavailable, 1.0}};
  options.cut_rate = 1.0;
  Misbehaviour broken(options, 1);

  EXPECT_EQ(broken.fate(), Fate::cut);
  EXPECT_EQ(broken.forced_reason(), Reason::service_unavailable);
}

TEST(StatusRate, IsReadAsReasonAndShare) {
  const Result<StatusRate> rate = parse_status_rate("TooManyRequests=0.25");

  ASSERT_TRUE(rate.has_value());
  EXPECT_EQ(rate->reason, Reason::too_many_requests);
  EXPECT_DOUBLE_EQ(rate->rate, 0.25);
}

TEST(StatusRate, WhatIsNoReasonOrNoShareIsRefusedByName) {
  for (const char* text : {"TooManyRequests", "Tired=0.1", "Unregistered=", "Unregistered=2",
                           "Unregistered=0.1x", "=0.1"}) {
    EXPECT_FALSE(parse_status_rate(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace reveille::simulators::apns
