#include "tests/storage/store_contract.h"

// Promise 5: wakes are derived from work and silence.
namespace reveille::storage::testing {
namespace {

class WakeContractTest : public StoreContractTest {
 protected:
  void SetUp() override {
    StoreContractTest::SetUp();
    enrol(phone);
  }

  WakeState wake_state() { return store().begin()->wake_state(phone).value().value(); }
};
REVEILLE_ON_EVERY_ENGINE(WakeContractTest);

TEST_P(WakeContractTest, AQueuedCommandMakesAWakeDueWithAllThatAPushNeeds) {
  EXPECT_FALSE(is_due(phone));
  enqueue(phone, restart);

  const std::vector<DueWake> due = due_wakes(phone);
  ASSERT_EQ(due.size(), 1u);
  EXPECT_EQ(due[0].enrolment, phone);
  EXPECT_EQ(due[0].generation, 1u);
  EXPECT_EQ(due[0].due_at, now);
  EXPECT_EQ(due[0].attempts, 0u);
  EXPECT_EQ(due[0].topic, topic);
  EXPECT_EQ(due[0].push_token.bytes, "token of PHONE-1");
  EXPECT_EQ(due[0].push_magic.text, "magic of PHONE-1");
  EXPECT_EQ(due[0].token_updated_at, now);
}

TEST_P(WakeContractTest, ManyCommandsMakeOneWake) {
  enqueue(phone, restart);
  pass(1s);
  enqueue(phone, lock);
  EXPECT_EQ(due_wakes(phone).size(), 1u);
  EXPECT_EQ(due_at(phone), start_of_test);
}

TEST_P(WakeContractTest, ADeviceThatStaysSilentIsWokenAgain) {
  enqueue(phone, restart);
  push(phone);
  EXPECT_FALSE(is_due(phone));
  EXPECT_EQ(wake_state().attempts, 1u);
  EXPECT_EQ(wake_state().last_pushed_at, now);
  pass(60s);
  EXPECT_TRUE(is_due(phone));
  push(phone);
  EXPECT_EQ(wake_state().attempts, 2u);
}

TEST_P(WakeContractTest, TheFirstPushOfASilenceIsRememberedUntilTheDeviceConnects) {
  EXPECT_EQ(wake_state().first_pushed_at, Time{});
  enqueue(phone, restart);
  push(phone);
  const Time first = now;
  pass(60s);
  EXPECT_EQ(due_wakes(phone).at(0).first_pushed_at, first);
  push(phone);
  EXPECT_EQ(wake_state().first_pushed_at, first);

  connects(phone);
  EXPECT_EQ(wake_state().first_pushed_at, Time{});
  enqueue(phone, lock);
  push(phone);
  EXPECT_EQ(wake_state().first_pushed_at, now);
}

TEST_P(WakeContractTest, APushThatIsTheLastOneIsFollowedByOneForNewWorkAlone) {
  enqueue(phone, restart);
  const DueWake wake = due_wakes(phone).at(0);
  const WakeRecord last{.enrolment = phone,
                        .generation = wake.generation,
                        .due_at = wake.due_at,
                        .outcome = WakeRecord::Outcome::pushed,
                        .next_due_at = std::nullopt,
                        .apns_reason = {}};
  ASSERT_TRUE(commit([&](Transaction& t) { return t.record_wakes(std::vector{last}, now); }));
  EXPECT_EQ(due_at(phone), std::nullopt);
  EXPECT_EQ(wake_state().attempts, 1u);
  pass(std::chrono::days(400));
  EXPECT_FALSE(is_due(phone));

  enqueue(phone, lock);
  EXPECT_EQ(due_at(phone), now);
  EXPECT_EQ(due_wakes(phone).at(0).first_pushed_at, start_of_test);
}

TEST_P(WakeContractTest, ADeviceThatConnectedIsNotWoken) {
  enqueue(phone, restart);
  push(phone);
  connects(phone);
  EXPECT_EQ(due_at(phone), std::nullopt);
  EXPECT_EQ(wake_state().attempts, 0u);
}

TEST_P(WakeContractTest, APushUnderWayCoversCommandsThatFollowItClosely) {
  enqueue(phone, restart);
  push(phone);
  pass(9s);
  enqueue(phone, lock);
  EXPECT_EQ(due_at(phone), start_of_test + 60s);
  pass(1s);
  enqueue(phone, list);
  EXPECT_EQ(due_at(phone), now);
}

TEST_P(WakeContractTest, ACommandQueuedAfterTheDeviceConnectedMakesAWakeAtOnce) {
  enqueue(phone, restart);
  push(phone);
  connects(phone);
  pass(1s);
  enqueue(phone, lock);
  EXPECT_EQ(due_at(phone), now);
}

TEST_P(WakeContractTest, WorkQueuedBehindAnOperatorsPushIsNotForgotten) {
  request_wake(phone);
  push(phone);
  EXPECT_EQ(due_at(phone), std::nullopt);
  pass(2s);
  enqueue(phone, restart);
  EXPECT_EQ(due_at(phone), start_of_test + 10s);
}

TEST_P(WakeContractTest, AnEmptyQueueNeedsNoWake) {
  enqueue(phone, restart);
  enqueue(phone, lock);
  report(phone, restart, mdm::Status::acknowledged);
  EXPECT_TRUE(is_due(phone));
  report(phone, lock, mdm::Status::error);
  EXPECT_FALSE(is_due(phone));

  enqueue(phone, list);
  EXPECT_TRUE(is_due(phone));
  ASSERT_TRUE(cancel(phone, list));
  EXPECT_FALSE(is_due(phone));
}

TEST_P(WakeContractTest, ARecordOfAWakeThatChangedMeanwhileIsSkipped) {
  enqueue(phone, restart);
  const DueWake before = due_wakes(phone).at(0);
  pass(1s);
  connects(phone);
  record_wake(before, WakeRecord::Outcome::pushed);
  EXPECT_EQ(due_at(phone), std::nullopt);
  EXPECT_EQ(wake_state().attempts, 0u);
}

TEST_P(WakeContractTest, ARecordOfAnEarlierLifeIsSkipped) {
  enqueue(phone, restart);
  const DueWake before = due_wakes(phone).at(0);
  enrol(phone);
  enqueue(phone, restart);
  record_wake(before, WakeRecord::Outcome::parked);
  EXPECT_TRUE(is_due(phone));
  EXPECT_FALSE(find(phone)->push_parked);
}

TEST_P(WakeContractTest, APostponedWakeCountsNoAttempt) {
  enqueue(phone, restart);
  record_wake(due_wakes(phone).at(0), WakeRecord::Outcome::postponed, 5s);
  EXPECT_EQ(wake_state().attempts, 0u);
  EXPECT_EQ(wake_state().last_pushed_at, Time{});
  EXPECT_EQ(due_at(phone), now + 5s);
}

TEST_P(WakeContractTest, AParkedPushSleepsUntilTheNextTokenUpdate) {
  enqueue(phone, restart);
  record_wake(due_wakes(phone).at(0), WakeRecord::Outcome::parked);
  EXPECT_TRUE(find(phone)->push_parked);
  EXPECT_EQ(enqueue(phone, lock), Enqueued::queued);
  EXPECT_EQ(request_wake(phone), Enqueued::not_enrolled);
  ASSERT_TRUE(commit([&](Transaction& t) { return t.reschedule_wake(phone, now, now); }));
  EXPECT_EQ(due_at(phone), std::nullopt);

  pass(1h);
  ASSERT_TRUE(update_token(phone));

  EXPECT_FALSE(find(phone)->push_parked);
  EXPECT_EQ(due_at(phone), now);
  EXPECT_EQ(due_wakes(phone).at(0).token_updated_at, now);
}

TEST_P(WakeContractTest, ATokenUpdateMakesAWakeDueOnlyWhenThereIsWork) {
  ASSERT_TRUE(update_token(phone));
  EXPECT_EQ(due_at(phone), std::nullopt);
  enqueue(phone, restart);
  push(phone);
  pass(1s);
  ASSERT_TRUE(update_token(phone));
  EXPECT_EQ(due_at(phone), now);
  EXPECT_EQ(wake_state().attempts, 0u);
}

TEST_P(WakeContractTest, AnOperatorsWakeNeedsNoWorkAndIsOverAfterItsPush) {
  EXPECT_EQ(request_wake(phone), Enqueued::queued);
  EXPECT_TRUE(is_due(phone));
  push(phone);
  EXPECT_EQ(due_at(phone), std::nullopt);
}

TEST_P(WakeContractTest, AnOperatorsWakeDoesNotWaitForTheNextAttempt) {
  enqueue(phone, restart);
  push(phone);
  pass(1s);
  EXPECT_EQ(request_wake(phone), Enqueued::queued);
  EXPECT_EQ(due_at(phone), now);
}

TEST_P(WakeContractTest, OnlyAnEnrolmentWithATokenCanBeWoken) {
  ASSERT_TRUE(authenticate(mac));
  EXPECT_EQ(request_wake(mac), Enqueued::not_enrolled);
  EXPECT_EQ(request_wake(id("nobody")), Enqueued::not_found);
  EXPECT_EQ(store().begin()->wake_state(id("nobody")).value(), std::nullopt);
  EXPECT_EQ(store().begin()->push_target(id("nobody")).error().code, ErrorCode::not_found);
  end(phone, EndReason::removed);
  EXPECT_EQ(request_wake(phone), Enqueued::not_enrolled);
}

TEST_P(WakeContractTest, TheReasonOfApnsIsKeptForOperators) {
  enqueue(phone, restart);
  const DueWake wake = due_wakes(phone).at(0);
  const WakeRecord record{.enrolment = phone,
                          .generation = wake.generation,
                          .due_at = wake.due_at,
                          .outcome = WakeRecord::Outcome::parked,
                          .next_due_at = {},
                          .apns_reason = "BadDeviceToken"};
  ASSERT_TRUE(commit([&](Transaction& t) { return t.record_wakes(std::vector{record}, now); }));
  EXPECT_EQ(wake_state().last_apns_reason, "BadDeviceToken");
}

TEST_P(WakeContractTest, AnAcceptedPushRevivesAParkedEnrolment) {
  enqueue(phone, restart);
  const DueWake wake = due_wakes(phone).at(0);
  WakeRecord record{.enrolment = phone,
                    .generation = wake.generation,
                    .due_at = wake.due_at,
                    .outcome = WakeRecord::Outcome::parked,
                    .next_due_at = {},
                    .apns_reason = "BadDeviceToken"};
  ASSERT_TRUE(commit([&](Transaction& t) { return t.record_wakes(std::vector{record}, now); }));
  ASSERT_TRUE(store().begin()->find_enrolment(phone).value()->push_parked);

  // Somebody names it: pushed all the same, though no row of it is due.
  record.due_at = store().begin()->push_target(phone).value()->due_at;
  record.outcome = WakeRecord::Outcome::pushed;
  record.next_due_at = now + std::chrono::seconds(30);
  ASSERT_TRUE(commit([&](Transaction& t) { return t.record_wakes(std::vector{record}, now); }));

  EXPECT_FALSE(store().begin()->find_enrolment(phone).value()->push_parked);
  EXPECT_EQ(due_at(phone), now + std::chrono::seconds(30));
  EXPECT_EQ(request_wake(phone), Enqueued::queued);
}

class ParkedContractTest : public WakeContractTest {
 protected:
  void SetUp() override {
    WakeContractTest::SetUp();
    enqueue(phone, restart);
    record(WakeRecord::Outcome::parked, now + 100h);
    given_up_at = now + 100h;
  }
  void record(WakeRecord::Outcome outcome, std::optional<Time> next_due_at) {
    const WakeRecord record{.enrolment = phone,
                            .generation = due_wakes_ever().at(0).generation,
                            .due_at = due_wakes_ever().at(0).due_at,
                            .outcome = outcome,
                            .next_due_at = next_due_at,
                            .apns_reason = "Unregistered"};
    ASSERT_TRUE(commit([&](Transaction& t) { return t.record_wakes(std::vector{record}, now); }));
  }
  std::vector<DueWake> due_wakes_ever() {
    return store()
        .begin()
        ->due_wakes(partition_of(phone), {}, now + std::chrono::days(1'000), 10)
        .value();
  }
  std::optional<Enrolment> enrolment() { return store().begin()->find_enrolment(phone).value(); }

  Time given_up_at{};
};
REVEILLE_ON_EVERY_ENGINE(ParkedContractTest);

TEST_P(ParkedContractTest, ComesBackWhenItIsToBeGivenUpWhateverBecameOfItsWork) {
  EXPECT_FALSE(is_due(phone));
  EXPECT_TRUE(enrolment()->push_parked);
  enqueue(phone, lock);
  connects(phone);
  for (const auto* command : {&restart, &lock}) {
    ASSERT_TRUE(commit([&](Transaction& t) { return t.cancel(phone, command->uuid, now); }));
  }
  EXPECT_EQ(due_at(phone), given_up_at);
  pass(100h);
  ASSERT_TRUE(is_due(phone));
  EXPECT_TRUE(due_wakes(phone).at(0).is_parked);
  EXPECT_EQ(store().begin()->push_target(phone).value()->due_at, Time{});
}

TEST_P(ParkedContractTest, EndsAsUnreachable) {
  pass(100h);
  record(WakeRecord::Outcome::unreachable, std::nullopt);
  EXPECT_EQ(enrolment()->state, EnrolmentState::ended);
  EXPECT_EQ(enrolment()->end_reason, EndReason::unreachable);
  EXPECT_EQ(due_at(phone), std::nullopt);
  EXPECT_EQ(store().counts().deliveries_voided, 1u);

  ASSERT_TRUE(update_token(phone));
  EXPECT_EQ(enrolment()->state, EnrolmentState::enrolled) << "its token brings it back";
}

TEST_P(ParkedContractTest, MayBeGivenMoreTimeOrAllOfIt) {
  pass(100h);
  record(WakeRecord::Outcome::parked, now + 7h);
  EXPECT_EQ(due_at(phone), now + 7h);
  record(WakeRecord::Outcome::parked, std::nullopt);
  EXPECT_EQ(due_at(phone), std::nullopt);
  EXPECT_TRUE(enrolment()->push_parked);
  EXPECT_EQ(wake_state().last_apns_reason, "Unregistered");
}

TEST_P(ParkedContractTest, ATokenTakesTheTimeAwayAlsoWithoutWork) {
  ASSERT_TRUE(commit([&](Transaction& t) { return t.cancel(phone, restart.uuid, now); }));
  ASSERT_TRUE(update_token(phone));
  EXPECT_EQ(due_at(phone), std::nullopt);
}

TEST_P(ParkedContractTest, OnlyAParkedOneEnds) {
  ASSERT_TRUE(update_token(phone));
  record(WakeRecord::Outcome::unreachable, std::nullopt);
  EXPECT_EQ(enrolment()->state, EnrolmentState::enrolled);
}

TEST_P(WakeContractTest, UrgentWakesComeBeforeOlderOnes) {
  enrol(mac);
  ASSERT_TRUE(update_token(user));
  request_wake(mac);
  pass(1s);
  request_wake(user, Priority::urgent);

  const std::vector<DueWake> due = due_wakes(mac);
  ASSERT_EQ(due.size(), 2u);
  EXPECT_EQ(due[0].enrolment, user);
  EXPECT_EQ(due[0].priority, Priority::urgent);
  EXPECT_EQ(due[1].enrolment, mac);
  EXPECT_EQ(due[1].priority, Priority::bulk);

  const auto behind = [&](const WakeCursor& cursor) {
    return store().begin()->due_wakes(partition_of(mac), cursor, now, 10).value().size();
  };
  EXPECT_EQ(behind(cursor_at(due[0])), 1u);
  EXPECT_EQ(behind(cursor_at(due[1])), 0u);
  EXPECT_EQ(store().begin()->next_due_at(partition_of(mac), {}).value(), start_of_test);
  EXPECT_EQ(store().begin()->next_due_at(partition_of(mac), cursor_at(due[1])).value(),
            std::nullopt);
}

TEST_P(WakeContractTest, AWakeThatBecomesUrgentKeepsItsTimeSoThatItsPushStillCounts) {
  enrol(phone);
  request_wake(phone);
  const DueWake under_way = due_wakes(phone).at(0);
  pass(1s);
  commit([&](Transaction& transaction) {
    EXPECT_TRUE(transaction.put_command(restart, now));
    return transaction.enqueue(std::vector{phone}, restart.uuid, now, Priority::urgent).value();
  });

  ASSERT_EQ(due_wakes(phone).size(), 1u);
  EXPECT_EQ(due_wakes(phone)[0].priority, Priority::urgent);
  EXPECT_EQ(due_wakes(phone)[0].due_at, under_way.due_at);
  record_wake(under_way, WakeRecord::Outcome::pushed, 60s);
  EXPECT_EQ(due_at(phone), now + 60s);
}

TEST_P(WakeContractTest, WhatFollowsTheFirstPushIsNotUrgent) {
  enrol(phone);
  commit([&](Transaction& transaction) {
    EXPECT_TRUE(transaction.put_command(restart, now));
    return transaction.enqueue(std::vector{phone}, restart.uuid, now, Priority::urgent).value();
  });
  push(phone);
  pass(60s);
  EXPECT_EQ(due_wakes(phone).at(0).priority, Priority::bulk);
}

TEST_P(WakeContractTest, AnUrgentWakeLosesNothingToABulkOneThatFollows) {
  enrol(phone);
  request_wake(phone, Priority::urgent);
  request_wake(phone, Priority::bulk);
  EXPECT_EQ(due_wakes(phone).at(0).priority, Priority::urgent);
  EXPECT_EQ(due_wakes(phone).size(), 1u);
}

TEST_P(WakeContractTest, DueWakesComeOldestFirstBehindTheCursor) {
  // User channels share their device's partition.
  enrol(mac);
  const mdm::EnrolmentId second = id("MAC-2:B"), third = id("MAC-2:A");
  ASSERT_TRUE(update_token(second));
  ASSERT_TRUE(update_token(third));
  request_wake(second);
  request_wake(third);
  pass(1s);
  request_wake(mac);
  const Partition partition = partition_of(mac);
  const auto due_behind = [&](const WakeCursor& after, std::size_t count_max) {
    return store().begin()->due_wakes(partition, after, now, count_max).value();
  };
  const std::vector<DueWake> due = due_behind({}, 10);
  const auto ids_behind = [&](const WakeCursor& after, std::size_t count_max) {
    std::vector<mdm::EnrolmentId> ids;
    for (const DueWake& wake : due_behind(after, count_max)) ids.push_back(wake.enrolment);
    return ids;
  };

  ASSERT_EQ(due.size(), 3u);
  const mdm::EnrolmentId first = due[0].enrolment;  // of one time, in either order
  const mdm::EnrolmentId other = first == second ? third : second;
  EXPECT_TRUE(first == second || first == third);
  EXPECT_EQ(due[1].enrolment, other);
  EXPECT_EQ(due[2].enrolment, mac);
  EXPECT_EQ(ids_behind({}, 2), (std::vector{first, other}));
  EXPECT_EQ(ids_behind({}, 0), std::vector<mdm::EnrolmentId>{});
  EXPECT_EQ(ids_behind(cursor_at(due[0]), 1), std::vector{other});
  EXPECT_EQ(ids_behind(cursor_at(due[0]), 10), (std::vector{other, mac}));
  EXPECT_EQ(ids_behind(cursor_at(due[1]), 10), std::vector{mac});
  EXPECT_EQ(ids_behind(cursor_at(due[2]), 10), std::vector<mdm::EnrolmentId>{});
  const auto next = [&](const WakeCursor& after) {
    return store().begin()->next_due_at(partition, after).value();
  };
  EXPECT_EQ(next({}), start_of_test);
  EXPECT_EQ(next(cursor_at(due[0])), start_of_test);
  EXPECT_EQ(next(cursor_at(due[1])), now);
  EXPECT_EQ(next(cursor_at(due[2])), std::nullopt);
}

TEST_P(WakeContractTest, AWakeThatBecomesDueEarlierThanTheOthersIsSeen) {
  enqueue(phone, restart);
  push(phone);
  EXPECT_FALSE(is_due(phone));  // whoever looks learns that nothing is due before the next attempt
  EXPECT_EQ(store().begin()->next_due_at(partition_of(phone), {}).value(), now + 60s);
  ASSERT_TRUE(commit([&](Transaction& t) { return t.reschedule_wake(phone, now + 5s, now); }));
  EXPECT_EQ(store().begin()->next_due_at(partition_of(phone), {}).value(), now + 5s);
  pass(5s);
  EXPECT_TRUE(is_due(phone));
}

TEST_P(WakeContractTest, OtherPartitionsDoNotSeeTheWake) {
  enqueue(phone, restart);
  for (std::uint8_t index = 0; index < Partition::count; ++index) {
    const Partition partition{.index = index};
    const auto due = store().begin()->due_wakes(partition, {}, now, 10).value();
    EXPECT_EQ(due.size(), partition == partition_of(phone) ? 1u : 0u);
  }
}

}  // namespace
}  // namespace reveille::storage::testing
