#include "dispatcher/apns/push_table.h"

#include <gtest/gtest.h>

#include <set>

namespace reveille::apns::test {
namespace {

using namespace std::chrono_literals;
using Stage = PendingPush::Stage;

const Clock::SteadyTime start{std::chrono::hours(1'000)};

class PushTableTest : public testing::Test {
 protected:
  PendingPush& add(std::uint64_t ticket, std::chrono::milliseconds at = 0ms,
                   Urgency urgency = Urgency::bulk) {
    Push push;
    push.ticket = ticket;
    push.urgency = urgency;
    return table.add(std::move(push), start + at);
  }
  PendingPush& add_urgent(std::uint64_t ticket) { return add(ticket, 0ms, Urgency::urgent); }
  PendingPush& send_next(std::chrono::milliseconds at = 0ms) {
    PendingPush* pending = table.first_waiting();
    table.mark_sent(*pending, connection(), start + at);
    return *pending;
  }
  // Never looked into by the table.
  static Connection& connection() { return *reinterpret_cast<Connection*>(&place); }

  PushTable table;
  alignas(16) static inline char place[16];
};

TEST_F(PushTableTest, PushesAreSentInTheOrderOfTheirSubmission) {
  for (std::uint64_t ticket = 0; ticket < 1'000; ++ticket) add(ticket);
  for (std::uint64_t ticket = 0; ticket < 1'000; ++ticket) {
    EXPECT_EQ(send_next().push.ticket, ticket);
  }
  EXPECT_EQ(table.first_waiting(), nullptr);
  EXPECT_EQ(table.in_flight(), 1'000u);
}

TEST_F(PushTableTest, WhatWasSentBeforeGoesFirst) {
  for (std::uint64_t ticket = 0; ticket < 3; ++ticket) add(ticket);
  PendingPush& first = send_next();
  PendingPush& second = send_next();

  table.take_back_lost(first);
  table.take_back_unsent(second);

  EXPECT_EQ(send_next().push.ticket, 0u);
  EXPECT_EQ(send_next().push.ticket, 1u);
  EXPECT_EQ(send_next().push.ticket, 2u);
}

TEST_F(PushTableTest, UrgentPushesOvertakeBulkOnesAlsoThoseThatWereSentBefore) {
  for (std::uint64_t ticket = 0; ticket < 2; ++ticket) add(ticket);
  table.take_back_lost(send_next());
  add_urgent(10);
  table.take_back_lost(send_next());
  add_urgent(11);

  EXPECT_EQ(table.waiting(Urgency::urgent), 2u);
  EXPECT_EQ(table.waiting(Urgency::bulk), 2u);
  for (const std::uint64_t ticket : {10u, 11u, 0u, 1u}) {
    EXPECT_EQ(send_next().push.ticket, ticket);
  }
}

TEST_F(PushTableTest, AFloodOfUrgentPushesLeavesOneTurnInEightToTheBulk) {
  for (std::uint64_t ticket = 0; ticket < 10; ++ticket) add(ticket);
  for (std::uint64_t ticket = 100; ticket < 200; ++ticket) add_urgent(ticket);

  std::size_t bulk = 0;
  for (int turn = 0; turn < 80; ++turn) {
    if (send_next().push.urgency == Urgency::bulk) ++bulk;
  }

  EXPECT_EQ(bulk, 10u);
  EXPECT_EQ(table.waiting(Urgency::urgent), 30u);
}

TEST_F(PushTableTest, AnUrgentPushThatWasHeldComesBackAsOne) {
  add(1);
  PendingPush& urgent = add_urgent(2);
  send_next();
  table.hold_refused(urgent, start + 10ms);
  EXPECT_EQ(table.waiting(Urgency::urgent), 1u);
  EXPECT_EQ(table.sendable(), 1u);
  table.release_held(start + 10ms);
  EXPECT_EQ(table.first_waiting(), &urgent);
}

TEST_F(PushTableTest, OnlyALostAttemptCounts) {
  PendingPush& push = add(1);
  send_next();
  table.take_back_unsent(push);
  send_next();
  table.take_back_refused(push);
  EXPECT_EQ(push.attempts, 0u);
  EXPECT_EQ(push.refusals, 1u);
  send_next();
  table.take_back_lost(push);
  EXPECT_EQ(push.attempts, 1u);
}

TEST_F(PushTableTest, AHeldPushWaitsForItsTime) {
  PendingPush& push = add(1);
  send_next();
  table.hold_refused(push, start + 10ms);

  EXPECT_EQ(table.first_waiting(), nullptr);
  EXPECT_EQ(table.waiting(), 1u);
  EXPECT_EQ(table.sendable(), 0u);
  table.release_held(start + 9ms);
  EXPECT_EQ(table.first_waiting(), nullptr);
  table.release_held(start + 10ms);
  EXPECT_EQ(table.first_waiting(), &push);
}

TEST_F(PushTableTest, DeadlinesPassInOrderWhateverTheStage) {
  PendingPush& first = add(1, 0ms);
  add(2, 5ms);
  send_next(7ms);

  EXPECT_EQ(table.submitted_until(start - 1ms), nullptr);
  EXPECT_EQ(table.submitted_until(start), &first);
  EXPECT_EQ(table.sent_until(start + 6ms), nullptr);
  EXPECT_EQ(table.sent_until(start + 7ms), &first);
  table.remove(first);
  EXPECT_EQ(table.submitted_until(start + 4ms), nullptr);
  EXPECT_EQ(table.submitted_until(start + 5ms)->push.ticket, 2u);
}

TEST_F(PushTableTest, TheAgeOfASecondAttemptIsThatOfItsAnswerTimeNotOfThePush) {
  PendingPush& first = add(1);
  add(2);
  send_next(1ms);
  send_next(2ms);
  table.take_back_lost(first);
  send_next(3ms);

  EXPECT_EQ(table.sent_until(start + 2ms)->push.ticket, 2u);
  EXPECT_EQ(table.submitted_until(start)->push.ticket, 1u);
}

TEST_F(PushTableTest, PlacesAreUsedAgainAndNumbersNever) {
  std::set<std::uint64_t> numbers;
  std::set<std::uint32_t> ids;
  for (std::uint64_t ticket = 0; ticket < 1'000; ++ticket) {
    PendingPush& push = add(ticket);
    numbers.insert(push.number);
    ids.insert(push.id);
    EXPECT_EQ(&table.at(push.id), &push);
    EXPECT_EQ(table.remove(push).ticket, ticket);
  }
  EXPECT_EQ(numbers.size(), 1'000u);
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_TRUE(table.empty());
}

TEST_F(PushTableTest, TheOldestWaitingIsKnown) {
  EXPECT_FALSE(table.oldest_waiting());
  PendingPush& first = add(1, 1ms);
  add(2, 2ms);
  send_next();
  EXPECT_EQ(table.oldest_waiting(), start + 2ms);
  table.take_back_lost(first);
  EXPECT_EQ(table.oldest_waiting(), start + 1ms);
}

}  // namespace
}  // namespace reveille::apns::test
