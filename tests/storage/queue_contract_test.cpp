#include "tests/storage/store_contract.h"

// Promises 1 to 3, and the traps of NotNow.
namespace reveille::storage::testing {
namespace {

class QueueContractTest : public StoreContractTest {
 protected:
  void SetUp() override {
    StoreContractTest::SetUp();
    enrol(phone);
  }

  std::string listed(std::size_t count_max = 100) {
    const auto deliveries = store().begin()->deliveries(phone, count_max).value();
    std::string text;
    for (const Delivery& delivery : deliveries) {
      text += delivery.command.text + ' ' + name_of(delivery.state) + '\n';
    }
    return text;
  }
};
REVEILLE_ON_EVERY_ENGINE(QueueContractTest);

TEST_P(QueueContractTest, CommandsAreHandedOutInTheOrderTheyWereQueued) {
  enqueue(phone, restart);
  enqueue(phone, lock);
  enqueue(phone, list);

  EXPECT_EQ(says_idle(phone), "uuid-restart");
  EXPECT_EQ(says_acknowledged(phone, restart), "uuid-lock");
  EXPECT_EQ(says_acknowledged(phone, lock), "uuid-list");
  EXPECT_EQ(says_acknowledged(phone, list), nothing);
}

TEST_P(QueueContractTest, ACommandGoesOutExactlyAsItWasGiven) {
  mdm::Command binary = command("uuid-binary", "InstallProfile");
  binary.body = std::string("\0bplist\xff\n", 9);
  enqueue(phone, binary);
  const auto handed_out = store().begin()->next_command(phone, NotNow::offer, now).value();
  EXPECT_EQ(handed_out, binary);
}

TEST_P(QueueContractTest, ACommandThatWasNeverAnsweredIsOfferedAgain) {
  enqueue(phone, restart);
  EXPECT_EQ(says_idle(phone), "uuid-restart");
  pass(1h);
  EXPECT_EQ(says_idle(phone), "uuid-restart");

  const Delivery delivery = store().begin()->find_delivery(phone, restart.uuid).value().value();
  EXPECT_EQ(delivery.state, DeliveryState::sent);
  EXPECT_EQ(delivery.times_sent, 2u);
  EXPECT_EQ(delivery.sent_at, now);
}

TEST_P(QueueContractTest, AnEndedCommandIsNeverHandedOutAgain) {
  enqueue(phone, restart);
  enqueue(phone, lock);
  says_idle(phone);
  report(phone, restart, mdm::Status::acknowledged, "first");
  pass(1min);

  EXPECT_EQ(report(phone, restart, mdm::Status::error, "second")->kind, Recorded::Kind::duplicate);

  const Delivery delivery = store().begin()->find_delivery(phone, restart.uuid).value().value();
  EXPECT_EQ(delivery.state, DeliveryState::acknowledged);
  EXPECT_EQ(delivery.final_status, "Acknowledged");
  EXPECT_EQ(delivery.ended_at, start_of_test);
  EXPECT_EQ(store().begin()->find_result(phone, restart.uuid).value(), "first");
  EXPECT_EQ(says_idle(phone), "uuid-lock");
}

TEST_P(QueueContractTest, ALateOrDoubledNotNowDoesNotReopenACommand) {
  enqueue(phone, restart);
  says_idle(phone);
  report(phone, restart, mdm::Status::acknowledged);

  const Recorded late = report(phone, restart, mdm::Status::not_now).value();

  EXPECT_EQ(late.kind, Recorded::Kind::duplicate);
  EXPECT_EQ(late.request_type, "RestartDevice");
  EXPECT_EQ(state_of(phone, restart), DeliveryState::acknowledged);
  EXPECT_EQ(says_idle(phone), nothing);
}

TEST_P(QueueContractTest, ErrorsEndACommandAsFailedWithTheirStatus) {
  enqueue(phone, restart);
  enqueue(phone, lock);
  report(phone, restart, mdm::Status::error, "an error chain");
  report(phone, lock, mdm::Status::command_format_error);

  EXPECT_EQ(state_of(phone, restart), DeliveryState::failed);
  EXPECT_EQ(store().begin()->find_delivery(phone, restart.uuid).value()->final_status, "Error");
  EXPECT_EQ(store().begin()->find_delivery(phone, lock.uuid).value()->final_status,
            "CommandFormatError");
  EXPECT_EQ(store().begin()->find_result(phone, restart.uuid).value(), "an error chain");
}

TEST_P(QueueContractTest, AnAnswerToACommandThatWasNotMarkedSentCounts) {
  enqueue(phone, restart);
  EXPECT_EQ(report(phone, restart, mdm::Status::acknowledged)->kind, Recorded::Kind::recorded);
}

TEST_P(QueueContractTest, AnUnknownCommandIsUnknownAndAnUnknownEnrolmentNotFound) {
  EXPECT_EQ(report(phone, restart, mdm::Status::acknowledged)->kind, Recorded::Kind::unknown);
  EXPECT_EQ(report(mac, restart, mdm::Status::acknowledged).error().code, ErrorCode::not_found);
  EXPECT_EQ(store().begin()->next_command(mac, NotNow::offer, now).error().code,
            ErrorCode::not_found);
}

TEST_P(QueueContractTest, ACommandPutOffWithNotNowIsOfferedAgainAtTheNextIdle) {
  enqueue(phone, restart);

  EXPECT_EQ(says_idle(phone), "uuid-restart");
  EXPECT_EQ(says_not_now(phone, restart), nothing);
  EXPECT_EQ(says_idle(phone), "uuid-restart");
}

TEST_P(QueueContractTest, WithinARoundCommandsNotPutOffAreHandedOut) {
  enqueue(phone, restart);
  enqueue(phone, lock);
  enqueue(phone, list);

  EXPECT_EQ(says_idle(phone), "uuid-restart");
  EXPECT_EQ(says_not_now(phone, restart), "uuid-lock");
  EXPECT_EQ(says_acknowledged(phone, lock), "uuid-list");
  EXPECT_EQ(says_not_now(phone, list), nothing);
  EXPECT_EQ(says_idle(phone), "uuid-restart");
  EXPECT_EQ(says_acknowledged(phone, restart), "uuid-list");
  EXPECT_EQ(says_acknowledged(phone, list), nothing);
}

TEST_P(QueueContractTest, QueueStateTellsReadyFromPutOff) {
  enqueue(phone, restart);
  enqueue(phone, lock);
  const auto state = [&] {
    const QueueState queue = store().begin()->queue_state(phone).value();
    return std::pair(queue.ready, queue.put_off);
  };
  EXPECT_EQ(state(), std::pair(2ul, 0ul));
  says_idle(phone);
  says_not_now(phone, restart);
  EXPECT_EQ(state(), std::pair(1ul, 1ul));
  report(phone, restart, mdm::Status::not_now);  // doubled
  EXPECT_EQ(state(), std::pair(1ul, 1ul));
  EXPECT_EQ(store().begin()->find_delivery(phone, restart.uuid).value()->times_not_now, 1u);
  says_idle(phone);
  EXPECT_EQ(state(), std::pair(2ul, 0ul));
  says_not_now(phone, restart);
  report(phone, restart, mdm::Status::acknowledged);
  EXPECT_EQ(state(), std::pair(1ul, 0ul));
}

TEST_P(QueueContractTest, ARetriedEnqueueIsHarmless) {
  EXPECT_EQ(enqueue(phone, restart), Enqueued::queued);
  EXPECT_EQ(enqueue(phone, restart), Enqueued::already_queued);
  says_acknowledged(phone, restart);
  EXPECT_EQ(enqueue(phone, restart), Enqueued::already_queued);
  EXPECT_EQ(says_idle(phone), nothing);
}

TEST_P(QueueContractTest, EveryEnrolmentOfAListGetsItsOwnAnswer) {
  ASSERT_TRUE(authenticate(mac));
  const std::vector ids{phone, mac, id("nobody"), phone};
  const auto answers = commit([&](Transaction& transaction) {
    EXPECT_TRUE(transaction.put_command(restart, now));
    return transaction.enqueue(ids, restart.uuid, now).value();
  });
  EXPECT_EQ(answers, (std::vector{Enqueued::queued, Enqueued::not_enrolled, Enqueued::not_found,
                                  Enqueued::already_queued}));
}

TEST_P(QueueContractTest, ACommandThatIsNotStoredCannotBeQueued) {
  const auto refused = store().begin()->enqueue(std::vector{phone}, restart.uuid, now);
  EXPECT_EQ(refused.error().code, ErrorCode::not_found);
}

TEST_P(QueueContractTest, AUuidStandsForTheSameBytesForEver) {
  const auto put = [&](const mdm::Command& given) {
    return commit([&](Transaction& transaction) { return transaction.put_command(given, now); });
  };
  EXPECT_TRUE(put(restart));
  EXPECT_TRUE(put(restart));
  mdm::Command other = restart;
  other.body += " ";
  EXPECT_EQ(put(other).error().code, ErrorCode::conflict);
  EXPECT_EQ(store().begin()->find_command(restart.uuid).value(), restart);
  EXPECT_EQ(store().begin()->find_command(lock.uuid).value(), std::nullopt);
  EXPECT_EQ(store().counts().commands, 1u);
}

TEST_P(QueueContractTest, AFullQueueTakesNoMoreUntilACommandEnds) {
  StoreOptions options;
  options.queue_commands_max = 2;
  open(options);
  enrol(phone);
  enqueue(phone, restart);
  enqueue(phone, lock);

  EXPECT_EQ(enqueue(phone, list), Enqueued::queue_full);
  EXPECT_EQ(enqueue(phone, lock), Enqueued::already_queued);
  says_acknowledged(phone, restart);
  EXPECT_EQ(enqueue(phone, list), Enqueued::queued);
}

// More than an engine may keep in one place.
TEST_P(QueueContractTest, ALongQueueIsHandedOutInItsOrder) {
  enrol(phone);
  std::vector<mdm::Command> commands;
  for (int i = 0; i < 80; ++i) {
    commands.push_back(command("long-" + std::to_string(i)));
    ASSERT_EQ(enqueue(phone, commands.back()), Enqueued::queued);
  }
  EXPECT_EQ(enqueue(phone, commands[79]), Enqueued::already_queued);
  EXPECT_TRUE(cancel(phone, commands[60]));
  EXPECT_EQ(enqueue(phone, commands[60]), Enqueued::already_queued);

  std::string next = says_idle(phone);
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(next, commands[i].uuid.text);
    next = says_not_now(phone, commands[i]);
  }
  for (int i = 40; i < 80; ++i) {
    if (i == 60) continue;
    EXPECT_EQ(next, commands[i].uuid.text);
    next = says_acknowledged(phone, commands[i]);
  }
  EXPECT_EQ(next, nothing);
  EXPECT_EQ(says_idle(phone), commands[0].uuid.text);
  EXPECT_EQ(store().begin()->deliveries(phone, 1'000)->size(), 80u);
  EXPECT_EQ(store().counts().deliveries_live, 40u);
}

TEST_P(QueueContractTest, ACancelledCommandIsNotHandedOut) {
  enqueue(phone, restart);
  enqueue(phone, lock);
  says_idle(phone);

  EXPECT_TRUE(cancel(phone, restart));

  EXPECT_EQ(state_of(phone, restart), DeliveryState::cancelled);
  EXPECT_EQ(says_idle(phone), "uuid-lock");
  EXPECT_EQ(report(phone, restart, mdm::Status::acknowledged)->kind, Recorded::Kind::duplicate);
  EXPECT_EQ(store().begin()->find_result(phone, restart.uuid).value(), std::nullopt);
}

TEST_P(QueueContractTest, OnlyALiveCommandCanBeCancelled) {
  EXPECT_EQ(cancel(phone, restart).error().code, ErrorCode::not_found);
  EXPECT_EQ(cancel(mac, restart).error().code, ErrorCode::not_found);
  enqueue(phone, restart);
  says_acknowledged(phone, restart);
  const Error refused = cancel(phone, restart).error();
  EXPECT_EQ(refused.code, ErrorCode::conflict);
  EXPECT_NE(refused.detail.find("acknowledged"), std::string::npos) << refused.detail;
}

TEST_P(QueueContractTest, DeliveriesAreListedLiveOnesFirst) {
  for (const char* uuid : {"1", "2", "3", "4", "5"}) enqueue(phone, command(uuid));
  says_acknowledged(phone, command("1"));
  report(phone, command("4"), mdm::Status::error);
  cancel(phone, command("3"));

  EXPECT_EQ(listed(), "2 sent\n5 queued\n4 failed\n3 cancelled\n1 acknowledged\n");
  EXPECT_EQ(listed(3), "2 sent\n5 queued\n4 failed\n");
  EXPECT_EQ(listed(1), "2 sent\n");
  EXPECT_EQ(listed(0), "");
}

TEST_P(QueueContractTest, WhatEndedBehindACommandThatIsPutOffIsPassedOver) {
  enqueue(phone, restart);
  says_idle(phone);
  says_not_now(phone, restart);
  for (int i = 0; i < 20; ++i) {
    const mdm::Command passing = command("passing-" + std::to_string(i));
    enqueue(phone, passing);
    report(phone, passing, mdm::Status::acknowledged);
  }
  enqueue(phone, list);

  EXPECT_EQ(says_idle(phone), restart.uuid.text);
  EXPECT_EQ(says_not_now(phone, restart), list.uuid.text);
  EXPECT_EQ(says_acknowledged(phone, list), nothing);
  EXPECT_EQ(listed(3), "uuid-restart queued\nuuid-list acknowledged\npassing-19 acknowledged\n");
  cancel(phone, restart);
  enqueue(phone, lock);
  EXPECT_EQ(says_idle(phone), lock.uuid.text);
}

TEST_P(QueueContractTest, IdsThatShareAPrefixDoNotShareAQueue) {
  const mdm::EnrolmentId longer = id("PHONE-11");
  enrol(longer);
  enqueue(longer, restart);
  EXPECT_EQ(says_idle(phone), nothing);
  EXPECT_EQ(listed(), "");
}

TEST_P(QueueContractTest, CountsFollowEveryDelivery) {
  for (const char* uuid : {"1", "2", "3", "4", "5"}) enqueue(phone, command(uuid));
  says_acknowledged(phone, command("1"));
  report(phone, command("2"), mdm::Status::error);
  cancel(phone, command("3"));
  EXPECT_EQ(store().counts().deliveries_live, 2u);
  end(phone, EndReason::removed);

  const Counts expected{.enrolments_ended = 1,
                        .deliveries_acknowledged = 1,
                        .deliveries_failed = 1,
                        .deliveries_cancelled = 1,
                        .deliveries_voided = 2,
                        .commands = 5};
  EXPECT_EQ(store().counts(), expected);
}

}  // namespace
}  // namespace reveille::storage::testing
