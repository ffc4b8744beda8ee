#include "dispatcher/wake/topic_gate.h"

#include <gtest/gtest.h>

namespace reveille::wake {
namespace {

using namespace std::chrono_literals;
using Order = TopicGate::Order;
using Change = TopicGate::Change;

class TopicGateTest : public testing::Test {
 protected:
  Order order() const { return gate.ask(now).order; }

  void fail_until_paused() {
    for (std::uint32_t i = 1; i < options.failures_max; ++i) {
      ASSERT_EQ(gate.failed(false, now), Change::none);
    }
    ASSERT_EQ(gate.failed(false, now), Change::paused);
  }

  TopicGateOptions options;
  TopicGate gate{options};
  Clock::SteadyTime now{};
};

TEST_F(TopicGateTest, ARefusalStopsTheTopicAndIsToldOnce) {
  EXPECT_EQ(order(), Order::send);

  EXPECT_EQ(gate.refused(gate.certificate(), now), Change::stopped);
  EXPECT_EQ(gate.refused(gate.certificate(), now), Change::none);

  EXPECT_TRUE(gate.stopped());
  EXPECT_EQ(order(), Order::postpone);
  EXPECT_EQ(gate.ask(now).until, now + options.probe);
}

TEST_F(TopicGateTest, RefusalsOfWhatWasUnderWayDoNotPutOffTheProbe) {
  gate.refused(gate.certificate(), now);
  const auto until = gate.until();
  now += 10s;
  gate.refused(gate.certificate(), now);
  EXPECT_EQ(gate.until(), until);
}

TEST_F(TopicGateTest, AStoppedTopicTriesOnePushAtATime) {
  gate.refused(gate.certificate(), now);
  now += options.probe;

  EXPECT_EQ(order(), Order::send_probe);
  gate.probe_sent();
  EXPECT_EQ(order(), Order::hold);

  EXPECT_EQ(gate.refused(gate.certificate(), now), Change::none);
  EXPECT_EQ(order(), Order::postpone);
  EXPECT_EQ(gate.ask(now).until, now + options.probe);
}

TEST_F(TopicGateTest, TheProbesSuccessOpensAStoppedTopicAndAnOlderPushsDoesNot) {
  gate.refused(gate.certificate(), now);
  EXPECT_EQ(gate.answered(false), Change::none);
  EXPECT_TRUE(gate.stopped());

  now += options.probe;
  gate.probe_sent();
  EXPECT_EQ(gate.answered(true), Change::opened);
  EXPECT_EQ(order(), Order::send);
}

TEST_F(TopicGateTest, AProbeWithoutAnAnswerLeavesTheTopicStopped) {
  gate.refused(gate.certificate(), now);
  now += options.probe;
  gate.probe_sent();
  EXPECT_EQ(gate.failed(true, now), Change::none);
  EXPECT_TRUE(gate.stopped());
  EXPECT_EQ(order(), Order::postpone);
}

TEST_F(TopicGateTest, ANewCertificateOpensAndIsNotBlamedForTheOldOnesRefusals) {
  const std::uint32_t old = gate.certificate();
  gate.refused(old, now);

  EXPECT_EQ(gate.resume(), Change::opened);
  EXPECT_EQ(gate.refused(old, now), Change::none);
  EXPECT_EQ(order(), Order::send);

  EXPECT_EQ(gate.refused(gate.certificate(), now), Change::stopped);
}

TEST_F(TopicGateTest, FailuresInARowPauseTheTopicAndOneAnswerBreaksTheRow) {
  for (std::uint32_t i = 1; i < options.failures_max; ++i) gate.failed(false, now);
  gate.answered(false);
  fail_until_paused();
  EXPECT_EQ(order(), Order::hold);
  EXPECT_FALSE(gate.stopped());
}

TEST_F(TopicGateTest, PausesDoubleUpToTheirLimitUntilSomebodyAnswers) {
  fail_until_paused();
  std::chrono::seconds pause = options.pause_first;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(gate.ask(now).until, now + pause);
    now += pause;
    ASSERT_EQ(order(), Order::send_probe);
    gate.probe_sent();
    EXPECT_EQ(gate.failed(true, now), Change::none);
    pause = std::min(2 * pause, options.pause_max);
  }
  now += options.pause_max;
  gate.probe_sent();
  EXPECT_EQ(gate.answered(true), Change::opened);
  fail_until_paused();
  EXPECT_EQ(gate.ask(now).until, now + options.pause_first);
}

TEST_F(TopicGateTest, ManyLateFailuresMakeOnePauseNoLonger) {
  fail_until_paused();
  for (int i = 0; i < 1'000; ++i) gate.failed(false, now);
  EXPECT_EQ(gate.ask(now).until, now + options.pause_first);
}

TEST_F(TopicGateTest, APausedTopicThatIsRefusedStops) {
  fail_until_paused();
  now += options.pause_first;
  gate.probe_sent();
  EXPECT_EQ(gate.refused(gate.certificate(), now), Change::stopped);
  EXPECT_EQ(order(), Order::postpone);
}

TEST_F(TopicGateTest, RejectionsOfSoManyTokensInARowStopTheTopic) {
  for (std::uint32_t i = 1; i < options.doubts_max; ++i) {
    ASSERT_EQ(gate.doubted(false, gate.certificate(), now), Change::none);
  }
  gate.answered(false);
  EXPECT_EQ(gate.doubted(false, gate.certificate(), now), Change::stopped);
  EXPECT_EQ(gate.doubted(false, gate.certificate(), now), Change::none);
  EXPECT_TRUE(gate.stopped());
}

TEST_F(TopicGateTest, OneAcceptedPushBetweenThemClearsTheTopic) {
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t i = 1; i < options.doubts_max; ++i) {
      gate.doubted(false, gate.certificate(), now);
    }
    gate.accepted(false);
  }
  EXPECT_EQ(order(), Order::send);
}

TEST_F(TopicGateTest, AProbeThatIsRejectedAsWellLeavesADoubtfulTopicStopped) {
  for (std::uint32_t i = 0; i < options.doubts_max; ++i) {
    gate.doubted(false, gate.certificate(), now);
  }
  now += options.probe;
  gate.probe_sent();
  EXPECT_EQ(gate.doubted(true, gate.certificate(), now), Change::none);
  EXPECT_EQ(gate.ask(now).until, now + options.probe);
  now += options.probe;
  gate.probe_sent();
  EXPECT_EQ(gate.accepted(true), Change::opened);
}

TEST_F(TopicGateTest, RejectionsUnderAnEarlierCertificateAreNoDoubt) {
  const std::uint32_t old = gate.certificate();
  gate.resume();
  for (std::uint32_t i = 0; i < 2 * options.doubts_max; ++i) gate.doubted(false, old, now);
  EXPECT_EQ(order(), Order::send);
}

}  // namespace
}  // namespace reveille::wake
