#include "dispatcher/wake/pace.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reveille::wake {
namespace {

using namespace std::chrono_literals;
using Ids = std::vector<std::string>;

std::size_t taken_within(TokenBucket& bucket, Clock::SteadyTime& now,
                         std::chrono::milliseconds time) {
  std::size_t taken = 0;
  for (const auto end = now + time; now < end; now += 1ms) {
    while (bucket.ready(now)) {
      bucket.take(now);
      ++taken;
    }
  }
  return taken;
}

TEST(TokenBucketTest, GivesItsRateAndAtMostATenthOfASecondAtOnce) {
  TokenBucket bucket(1'000);
  Clock::SteadyTime now{};
  EXPECT_EQ(taken_within(bucket, now, 1ms), 100u);
  EXPECT_NEAR(static_cast<double>(taken_within(bucket, now, 10s)), 10'000, 2);
}

TEST(TokenBucketTest, DoesNotSaveUpWhileNobodyTakes) {
  TokenBucket bucket(1'000);
  Clock::SteadyTime now{};
  now += 1h;
  EXPECT_EQ(taken_within(bucket, now, 1ms), 100u);
}

TEST(TokenBucketTest, ASlowRateGivesOneAtATime) {
  TokenBucket bucket(1);
  Clock::SteadyTime now{};
  EXPECT_EQ(taken_within(bucket, now, 500ms), 1u);
  EXPECT_EQ(bucket.ready_at(), Clock::SteadyTime{} + 1s);
  EXPECT_EQ(taken_within(bucket, now, 10s), 10u);
}

TEST(TokenBucketTest, WithoutALimitNobodyWaits) {
  TokenBucket bucket(0);
  const Clock::SteadyTime now{};
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(bucket.ready(now));
    bucket.take(now);
  }
}

class PacingQueueTest : public testing::Test {
 protected:
  FlightId add(const std::string& id, const std::string& topic = "a",
               Urgency urgency = Urgency::bulk) {
    storage::DueWake wake;
    wake.enrolment = mdm::EnrolmentId(id);
    wake.topic = topic;
    const FlightId flight = table.open(std::move(wake));
    table[flight].urgency = urgency;
    table[flight].since = now;
    queue.add(flight);
    return flight;
  }

  std::string take() {
    const PacingQueue::Next next = queue.next(now);
    if (next.flight == FlightTable::none) return "";
    queue.remove(next.flight);
    return table[next.flight].wake.enrolment.text();
  }

  Ids take_all() {
    Ids ids;
    for (std::string id = take(); !id.empty(); id = take()) ids.push_back(id);
    return ids;
  }

  Clock::SteadyTime now{};
  FlightTable table{100};
  PacingQueue queue{table, TopicGateOptions{}, 0};
};

TEST_F(PacingQueueTest, FirstComeFirstServed) {
  for (const char* id : {"1", "2", "3"}) add(id);
  EXPECT_EQ(take_all(), (Ids{"1", "2", "3"}));
}

TEST_F(PacingQueueTest, UrgentOnesOvertakeBulkOnesAlsoOfAnotherTopic) {
  add("1", "a");
  add("2", "b");
  add("3", "b", Urgency::urgent);
  add("4", "a", Urgency::urgent);
  EXPECT_EQ(take_all(), (Ids{"4", "3", "1", "2"}));
}

TEST_F(PacingQueueTest, AnUrgencyThatTheClientTakesNoneOfHoldsTheOtherUpNot) {
  add("1", "a", Urgency::urgent);
  add("2", "a");
  queue.rest(Urgency::bulk, now + 5ms);
  EXPECT_EQ(take_all(), Ids{"1"});
  EXPECT_EQ(queue.next_at(now), now + 5ms);
  now += 5ms;
  EXPECT_EQ(take_all(), Ids{"2"});
}

TEST_F(PacingQueueTest, AFloodOfUrgentOnesLeavesOneTurnInEightToTheBulk) {
  for (int i = 0; i < 50; ++i) add("urgent", "a", Urgency::urgent);
  for (int i = 0; i < 4; ++i) add("bulk", "b");
  std::size_t bulk = 0;
  for (int turn = 0; turn < 32; ++turn) {
    const FlightId flight = queue.next(now).flight;
    if (table[flight].urgency == Urgency::bulk) ++bulk;
    take();
    queue.went(flight, now);
  }
  EXPECT_EQ(bulk, 4u);
}

TEST_F(PacingQueueTest, AmongTopicsItGoesRound) {
  for (const char* id : {"a1", "a2", "a3", "a4"}) add(id, "a");
  for (const char* id : {"b1", "b2"}) add(id, "b");
  EXPECT_EQ(take_all(), (Ids{"a1", "b1", "a2", "b2", "a3", "a4"}));
}

TEST_F(PacingQueueTest, ATopicAtItsRateHoldsNobodyElseUpAndGoesOnInTime) {
  PacingQueue limited{table, TopicGateOptions{}, 10};  // so that one comes at once
  const auto push = [&] {
    const FlightId flight = limited.next(now).flight;
    if (flight == FlightTable::none) return std::string();
    limited.remove(flight);
    limited.went(flight, now);
    return table[flight].wake.topic;
  };
  for (const char* topic : {"a", "a", "a", "b"}) {
    const FlightId flight = add("device", topic);
    queue.remove(flight);
    limited.add(flight);
  }
  EXPECT_EQ(push(), "a");
  EXPECT_EQ(push(), "b");
  EXPECT_EQ(push(), "") << "the other two of a wait";
  EXPECT_EQ(limited.next_at(now), now + 100ms);
  now += 100ms;
  EXPECT_EQ(push(), "a");
  EXPECT_EQ(push(), "");

  limited.gate(0).refused(0, now);
  EXPECT_EQ(limited.next(now).order, TopicGate::Order::postpone) << "what is given back is no push";
}

TEST_F(PacingQueueTest, AClosedTopicHoldsNobodyElseUp) {
  const FlightId held = add("a1", "a");
  add("b1", "b");
  TopicGate& gate = queue.gate(table[held].topic);
  for (int i = 0; i < 32; ++i) gate.failed(false, now);

  EXPECT_EQ(take_all(), Ids{"b1"});
  EXPECT_EQ(queue.next_at(now), now + 2s);

  now += 2s;
  EXPECT_EQ(queue.next(now).order, TopicGate::Order::send_probe);
}

TEST_F(PacingQueueTest, AStoppedTopicGivesItsWakesBack) {
  const FlightId flight = add("a1", "a");
  TopicGate& gate = queue.gate(table[flight].topic);
  gate.refused(gate.certificate(), now);
  const PacingQueue::Next next = queue.next(now);
  EXPECT_EQ(next.flight, flight);
  EXPECT_EQ(next.order, TopicGate::Order::postpone);
  EXPECT_EQ(next.until, now + 300s);
}

TEST_F(PacingQueueTest, OneThatBecomesUrgentOvertakes) {
  for (const char* id : {"1", "2"}) add(id);
  queue.make_urgent(add("3"));
  add("4");
  EXPECT_EQ(take_all(), (Ids{"3", "1", "2", "4"}));
}

TEST_F(PacingQueueTest, OneThatIsPutBackKeepsItsPlace) {
  for (const char* id : {"1", "2"}) add(id);
  const FlightId flight = queue.next(now).flight;
  queue.remove(flight);
  queue.put_back(flight);
  EXPECT_EQ(take_all(), (Ids{"1", "2"}));
}

TEST_F(PacingQueueTest, TellsHowManyWaitAndSinceWhen) {
  EXPECT_EQ(queue.oldest(), Clock::SteadyTime::max());
  EXPECT_EQ(queue.next_at(now), Clock::SteadyTime::max());
  const auto start = now;
  add("1", "a");
  now += 5s;
  add("2", "b", Urgency::urgent);
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(queue.oldest(), start);
  EXPECT_EQ(queue.next_at(now), now);
  take_all();
  EXPECT_EQ(queue.size(), 0u);
}

}  // namespace
}  // namespace reveille::wake
