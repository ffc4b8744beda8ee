#include <algorithm>
#include <map>

#include "tests/storage/store_contract.h"

// Batches: one order, queued by and by, that always knows what became of it.
namespace reveille::storage::testing {
namespace {

class BatchContractTest : public StoreContractTest {
 protected:
  using Ids = std::vector<mdm::EnrolmentId>;

  static Ids ids(std::size_t count) {
    Ids ids;
    for (std::size_t i = 0; i < count; ++i) ids.push_back(id("DEVICE-" + std::to_string(i)));
    return ids;
  }

  // Stores the audience in chunks of `chunk_ids`, then the batch.
  void order(const Batch& ordered, const Ids& audience, std::size_t chunk_ids = 4) {
    std::map<std::uint8_t, Ids> shares;
    for (const auto& each : audience) shares[partition_of(each).index].push_back(each);
    commit([&](Transaction& transaction) {
      for (const auto& [index, share] : shares) {
        const std::span<const mdm::EnrolmentId> all(share);
        for (std::size_t at = 0; at < all.size(); at += chunk_ids) {
          const auto chunk = all.subspan(at, std::min(chunk_ids, all.size() - at));
          EXPECT_TRUE(transaction.put_audience(ordered.id, {.index = index},
                                               static_cast<std::uint32_t>(at / chunk_ids), chunk));
        }
      }
      return 0;
    });
    ASSERT_TRUE(put(ordered));
  }

  Result<void> put(const Batch& ordered) {
    return commit([&](Transaction& transaction) {
      EXPECT_TRUE(transaction.put_command(restart, now));
      return transaction.put_batch(ordered, now);
    });
  }

  Batch for_ids(const Ids& audience) {
    Batch ordered{.id = {.text = "batch-1"}, .command = restart.uuid};
    ordered.audience_ids = audience.size();
    return ordered;
  }
  Batch for_all(AudienceKind kind) {
    Batch ordered{.id = {.text = "batch-1"}, .command = restart.uuid};
    ordered.audience = kind;
    return ordered;
  }

  BatchStep step(Partition partition, std::size_t count_max = 100) {
    return commit([&](Transaction& transaction) {
      return transaction.advance_batch(partition, batch, count_max, now).value();
    });
  }

  // Steps in every partition until there is nothing left; answers how many deliveries began.
  std::size_t walk(std::size_t count_max = 100) {
    std::size_t queued = 0;
    for (std::uint8_t index = 0; index < Partition::count; ++index) {
      BatchStep done;
      do {
        done = step({.index = index}, count_max);
        EXPECT_LE(done.walked, count_max);
        queued += done.queued;
        EXPECT_TRUE(counts().add_up());
      } while (done.has_more());
    }
    return queued;
  }

  Result<void> set(BatchState state) {
    return commit(
        [&](Transaction& transaction) { return transaction.set_batch_state(batch, state, now); });
  }

  BatchCounts counts() {
    BatchCounts counted = store().begin()->batch_counts(batch).value();
    EXPECT_TRUE(counted.add_up());
    return counted;
  }

  std::size_t unfinished_partitions() {
    std::size_t unfinished = 0;
    for (std::uint8_t index = 0; index < Partition::count; ++index) {
      unfinished += store().begin()->unfinished_batches({.index = index}, {}, 10).value().size();
    }
    return unfinished;
  }

  const BatchId batch{.text = "batch-1"};
};

TEST_P(BatchContractTest, TheCommandIsQueuedForEveryoneOfItsAudience) {
  const Ids devices = ids(40);
  for (const auto& device : devices) enrol(device);
  order(for_ids(devices), devices);
  EXPECT_EQ(counts().unexpanded, 40u);

  EXPECT_EQ(walk(), 40u);

  for (const auto& device : devices) EXPECT_EQ(says_idle(device), restart.uuid.text);
  EXPECT_EQ(counts().live, 40u);
  EXPECT_EQ(counts().audience, 40u);
  EXPECT_EQ(counts().unexpanded, 0u);
  EXPECT_EQ(store().counts().deliveries_live, 40u);
}

TEST_P(BatchContractTest, AStepWalksNoMoreThanItsLimitAndTheNextGoesOnBehindIt) {
  // User channels share their device's partition.
  enrol(mac);
  Ids users;
  for (char letter = 'A'; letter < 'L'; ++letter) {
    users.push_back(id("MAC-2:" + std::string(1, letter)));
    ASSERT_TRUE(update_token(users.back()));
  }
  order(for_ids(users), users);

  for (std::size_t walked = 0; walked < 9; walked += 3) {
    const BatchStep one = step(partition_of(mac), 3);
    EXPECT_EQ(one.walked, 3u);
    EXPECT_EQ(one.queued, 3u);
    EXPECT_TRUE(one.has_more());
    EXPECT_EQ(counts().live, walked + 3);
    EXPECT_EQ(counts().unexpanded, 11 - walked - 3);
  }
  const BatchStep last = step(partition_of(mac), 3);
  EXPECT_EQ(last.queued, 2u);
  EXPECT_EQ(last.phase, BatchPhase::expanded);
  EXPECT_FALSE(last.has_more());
  EXPECT_EQ(step(partition_of(mac), 3).walked, 0u);
  EXPECT_EQ(counts().live, 11u);
}

TEST_P(BatchContractTest, AStepOfNothingDoesNothing) {
  enrol(phone);
  order(for_ids({phone}), {phone});
  EXPECT_EQ(step(partition_of(phone), 0).walked, 0u);
  EXPECT_EQ(counts().unexpanded, 1u);
  EXPECT_EQ(walk(), 1u);
}

TEST_P(BatchContractTest, ADroppedStepLeavesNeitherCursorNorDelivery) {
  enrol(phone);
  order(for_ids({phone}), {phone});
  {
    const auto dropped = store().begin();
    EXPECT_EQ(dropped->advance_batch(partition_of(phone), batch, 10, now).value().queued, 1u);
    EXPECT_EQ(dropped->batch_counts(batch).value().live, 1u);
  }
  EXPECT_EQ(counts().unexpanded, 1u);
  EXPECT_EQ(says_idle(phone), nothing);
  EXPECT_EQ(walk(), 1u);
}

TEST_P(BatchContractTest, WhoIsSkippedIsCountedByReason) {
  StoreOptions options;
  options.queue_commands_max = 1;
  open(options);
  const Ids devices = ids(4);
  for (const auto& device : devices) enrol(device);
  ASSERT_TRUE(authenticate(phone));  // pending
  enqueue(devices[0], lock);         // its queue is full
  enqueue(devices[1], restart);      // it has the command
  const Ids audience{devices[0], devices[1], devices[2], devices[2], phone, id("GHOST")};
  order(for_ids(audience), audience);

  EXPECT_EQ(walk(1), 1u);

  const BatchCounts counted = counts();
  EXPECT_EQ(counted.audience, 6u);
  EXPECT_EQ(counted.queue_full, 1u);
  EXPECT_EQ(counted.already_queued, 2u);  // one of them for the id that repeats
  EXPECT_EQ(counted.not_enrolled, 1u);
  EXPECT_EQ(counted.not_found, 1u);
  EXPECT_EQ(counted.live, 1u);
}

TEST_P(BatchContractTest, AnAudienceOfAllIsWhoIsEnrolledWhenItsTurnComes) {
  const Ids devices = ids(30);
  for (const auto& device : devices) enrol(device);
  enrol(mac);
  ASSERT_TRUE(update_token(user));
  ASSERT_TRUE(authenticate(phone));  // pending: not meant
  end(devices[0], EndReason::checked_out);

  const std::map<AudienceKind, std::size_t> expected{
      {AudienceKind::all_devices, 30}, {AudienceKind::all_users, 1}, {AudienceKind::all, 31}};
  int number = 0;
  for (const auto& [kind, members] : expected) {
    Batch ordered = for_all(kind);
    ordered.id.text = "batch-of-" + std::to_string(++number);
    const mdm::Command each = command("command-" + std::to_string(number));
    ordered.command = each.uuid;
    ASSERT_TRUE(commit([&](Transaction& transaction) {
      EXPECT_TRUE(transaction.put_command(each, now));
      return transaction.put_batch(ordered, now);
    }));
    for (std::uint8_t index = 0; index < Partition::count; ++index) {
      while (commit([&](Transaction& transaction) {
        return transaction.advance_batch({.index = index}, ordered.id, 2, now).value().has_more();
      })) {
      }
    }
    const BatchCounts counted = store().begin()->batch_counts(ordered.id).value();
    EXPECT_EQ(counted.live, members) << name_of(kind);
    EXPECT_EQ(counted.audience, members) << name_of(kind);
    EXPECT_TRUE(counted.add_up());
  }
}

TEST_P(BatchContractTest, CountsFollowEveryDeliveryToItsEnd) {
  const Ids devices = ids(6);
  for (const auto& device : devices) enrol(device);
  order(for_ids(devices), devices);
  walk();

  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(says_idle(devices[i]), restart.uuid.text);
  ASSERT_TRUE(report(devices[0], restart, mdm::Status::acknowledged));
  ASSERT_TRUE(report(devices[1], restart, mdm::Status::error));
  ASSERT_TRUE(report(devices[2], restart, mdm::Status::not_now));
  ASSERT_TRUE(cancel(devices[3], restart));
  end(devices[4], EndReason::checked_out);  // its queue is void
  ASSERT_TRUE(authenticate(devices[5]));    // and so is that of a life that is over

  const BatchCounts counted = counts();
  EXPECT_EQ(counted.acknowledged, 1u);
  EXPECT_EQ(counted.failed, 1u);
  EXPECT_EQ(counted.live, 1u);
  EXPECT_EQ(counted.cancelled, 1u);
  EXPECT_EQ(counted.voided, 2u);
  // A doubled answer, and one of a life that is over, change nothing.
  ASSERT_TRUE(report(devices[0], restart, mdm::Status::error));
  ASSERT_TRUE(report(devices[5], restart, mdm::Status::acknowledged));
  EXPECT_EQ(counts(), counted);
}

TEST_P(BatchContractTest, AUserChannelThatEndsWithItsDeviceIsCounted) {
  enrol(mac);
  ASSERT_TRUE(update_token(user));
  order(for_ids({mac, user}), {mac, user});
  walk();
  ASSERT_TRUE(authenticate(mac));
  EXPECT_EQ(counts().voided, 2u);
  EXPECT_EQ(counts().live, 0u);
}

TEST_P(BatchContractTest, APausedBatchQueuesNothingUntilItGoesOn) {
  const Ids devices = ids(10);
  for (const auto& device : devices) enrol(device);
  order(for_ids(devices), devices);
  EXPECT_EQ(step(partition_of(devices[0]), 1).queued, 1u);

  ASSERT_TRUE(set(BatchState::paused));
  EXPECT_EQ(walk(), 0u);
  EXPECT_EQ(counts().live, 1u);
  EXPECT_EQ(unfinished_partitions(), Partition::count);

  ASSERT_TRUE(set(BatchState::running));
  EXPECT_EQ(walk(), 9u);
}

TEST_P(BatchContractTest, ACancelledBatchTakesBackWhatItQueuedAndNothingElse) {
  const Ids devices = ids(8);
  for (const auto& device : devices) enrol(device);
  enqueue(devices[0], restart);  // not the batch's
  order(for_ids(devices), devices);
  walk();
  says_idle(devices[1]);
  ASSERT_TRUE(report(devices[1], restart, mdm::Status::acknowledged));
  says_idle(devices[2]);  // sent, not answered

  ASSERT_TRUE(set(BatchState::cancelled));
  walk(1);

  EXPECT_EQ(state_of(devices[0], restart), DeliveryState::queued);
  EXPECT_EQ(state_of(devices[1], restart), DeliveryState::acknowledged);
  EXPECT_EQ(state_of(devices[2], restart), DeliveryState::cancelled);
  EXPECT_EQ(says_idle(devices[3]), nothing);
  EXPECT_FALSE(is_due(devices[3]));
  EXPECT_EQ(counts().cancelled, 6u);
  EXPECT_EQ(counts().live, 0u);
  EXPECT_TRUE(counts().is_done());
  EXPECT_EQ(unfinished_partitions(), 0u);
}

TEST_P(BatchContractTest, WhatIsCancelledBeforeItsTurnIsNeverQueued) {
  const Ids devices = ids(20);
  for (const auto& device : devices) enrol(device);
  order(for_ids(devices), devices);
  const std::size_t queued = step(partition_of(devices[0]), 1).queued;
  ASSERT_TRUE(set(BatchState::cancelled));

  EXPECT_EQ(walk(), 0u);

  EXPECT_EQ(counts().cancelled, queued);
  EXPECT_EQ(counts().unexpanded, 20 - queued);
  EXPECT_TRUE(counts().is_done());
  EXPECT_EQ(set(BatchState::running).error().code, ErrorCode::conflict);
  EXPECT_TRUE(set(BatchState::cancelled));
}

TEST_P(BatchContractTest, AnExpiredBatchEndsWhatItQueuedAsExpired) {
  const Ids devices = ids(8);
  for (const auto& device : devices) enrol(device);
  Batch ordered = for_ids(devices);
  ordered.expires_at = now + 1h;
  order(ordered, devices);
  step(partition_of(devices[0]), 1);
  pass(59min);
  EXPECT_EQ(step(partition_of(devices[0]), 0).phase, BatchPhase::expanding);
  pass(1min);

  EXPECT_EQ(walk(), 0u);
  EXPECT_EQ(counts().expired, 1u);
  EXPECT_EQ(counts().unexpanded, 7u);
  EXPECT_TRUE(counts().is_done());
}

TEST_P(BatchContractTest, AnExpiredCommandIsNotHandedOutAlsoBeforeTheWalkComesBy) {
  enrol(phone);
  Batch ordered = for_ids({phone});
  ordered.expires_at = now + 1h;
  order(ordered, {phone});
  walk();
  enqueue(phone, lock);
  EXPECT_EQ(says_idle(phone), restart.uuid.text);
  pass(1h);

  EXPECT_EQ(says_idle(phone), lock.uuid.text);
  EXPECT_EQ(state_of(phone, restart), DeliveryState::expired);
  EXPECT_EQ(counts().expired, 1u);
  EXPECT_EQ(store().counts().deliveries_expired, 1u);
  // The answer of a device that had it all the same changes nothing.
  EXPECT_EQ(report(phone, restart, mdm::Status::acknowledged)->kind, Recorded::Kind::duplicate);
}

TEST_P(BatchContractTest, AQueueOfExpiredCommandsAloneIsEmptyAndNotDue) {
  enrol(phone);
  Batch ordered = for_ids({phone});
  ordered.expires_at = now + 1h;
  order(ordered, {phone});
  walk();
  EXPECT_TRUE(is_due(phone));
  pass(1h);
  EXPECT_EQ(says_idle(phone), nothing);
  EXPECT_FALSE(is_due(phone));
  EXPECT_EQ(store().begin()->queue_state(phone)->ready, 0u);
}

TEST_P(BatchContractTest, ADeliveryTellsItsBatchAndWhenItExpires) {
  enrol(phone);
  Batch ordered = for_ids({phone});
  ordered.expires_at = now + 1h;
  order(ordered, {phone});
  walk();
  enqueue(phone, lock);
  const auto listed = store().begin()->deliveries(phone, 10).value();
  EXPECT_EQ(listed.at(0).batch, batch);
  EXPECT_EQ(listed.at(0).expires_at, now + 1h);
  EXPECT_EQ(listed.at(1).batch, std::nullopt);
  EXPECT_EQ(listed.at(1).expires_at, Time{});
}

TEST_P(BatchContractTest, ItsPriorityIsThatOfItsWakesAndNeverTheOrderOfAQueue) {
  enrol(phone);
  enqueue(phone, lock);
  Batch ordered = for_ids({phone});
  ordered.priority = Priority::urgent;
  order(ordered, {phone});
  walk();
  EXPECT_EQ(due_wakes(phone).at(0).priority, Priority::urgent);
  EXPECT_EQ(says_idle(phone), lock.uuid.text);
  EXPECT_EQ(says_acknowledged(phone, lock), restart.uuid.text);
}

TEST_P(BatchContractTest, TheSameOrderAgainIsNoErrorAndAnotherIsAConflict) {
  enrol(phone);
  order(for_ids({phone}), {phone});
  walk();
  pass(1s);
  EXPECT_TRUE(put(for_ids({phone})));
  EXPECT_EQ(counts().live, 1u);
  EXPECT_EQ(store().begin()->find_batch(batch).value()->created_at, start_of_test);

  Batch other = for_ids({phone});
  other.rate_per_second = 7;
  EXPECT_EQ(put(other).error().code, ErrorCode::conflict);
}

TEST_P(BatchContractTest, WhatDoesNotExistIsNotFound) {
  Batch ordered = for_all(AudienceKind::all);
  ordered.command.text = "ghost";
  EXPECT_EQ(put(ordered).error().code, ErrorCode::not_found);
  EXPECT_EQ(set(BatchState::paused).error().code, ErrorCode::not_found);
  const auto transaction = store().begin();
  EXPECT_EQ(transaction->advance_batch({}, batch, 1, now).error().code, ErrorCode::not_found);
  EXPECT_EQ(transaction->batch_counts(batch).error().code, ErrorCode::not_found);
  EXPECT_EQ(transaction->find_batch(batch).value(), std::nullopt);
}

TEST_P(BatchContractTest, ABatchIsReadBackAsItWasOrdered) {
  Batch ordered = for_all(AudienceKind::all_users);
  ordered.rate_per_second = 50;
  ordered.expires_at = now + 1h;
  ordered.priority = Priority::urgent;
  ASSERT_TRUE(put(ordered));
  ordered.created_at = ordered.changed_at = now;
  pass(5s);
  ASSERT_TRUE(set(BatchState::paused));
  ordered.state = BatchState::paused;
  ordered.changed_at = now;
  EXPECT_EQ(store().begin()->find_batch(batch).value(), ordered);
}

TEST_P(BatchContractTest, BatchesAreListedInTheOrderOfTheirIds) {
  for (const char* name : {"c", "a", "b"}) {
    Batch ordered = for_all(AudienceKind::all);
    ordered.id.text = name;
    ASSERT_TRUE(put(ordered));
  }
  const auto names = [&](const std::string& after, std::size_t count_max) {
    std::string text;
    const auto listed = store().begin()->list_batches({.text = after}, count_max).value();
    for (const Batch& each : listed) text += each.id.text;
    return text;
  };
  EXPECT_EQ(names("", 10), "abc");
  EXPECT_EQ(names("", 2), "ab");
  EXPECT_EQ(names("b", 2), "c");
  EXPECT_EQ(names("", 0), "");
}

TEST_P(BatchContractTest, ABatchIsUnfinishedUntilItsLastDeliveryHasEnded) {
  enrol(phone);
  order(for_ids({phone}), {phone});
  EXPECT_EQ(unfinished_partitions(), Partition::count);
  walk();
  EXPECT_EQ(unfinished_partitions(), 1u);
  EXPECT_FALSE(counts().is_done());

  says_idle(phone);
  ASSERT_TRUE(report(phone, restart, mdm::Status::acknowledged));
  EXPECT_EQ(unfinished_partitions(), 0u);
  EXPECT_TRUE(counts().is_done());
  // Too late: nothing is left to take back.
  ASSERT_TRUE(set(BatchState::cancelled));
  walk();
  EXPECT_EQ(counts().acknowledged, 1u);
}

TEST_P(BatchContractTest, TwoBatchesOfOneCommandShareNoDelivery) {
  enrol(phone);
  order(for_ids({phone}), {phone});
  walk();
  Batch second = for_ids({phone});
  second.id.text = "batch-2";
  order(second, {phone});
  ASSERT_TRUE(commit([&](Transaction& transaction) {
    return transaction.advance_batch(partition_of(phone), second.id, 10, now);
  }));
  EXPECT_EQ(store().begin()->batch_counts(second.id)->already_queued, 1u);

  // The second has nothing to take back.
  ASSERT_TRUE(commit([&](Transaction& transaction) {
    return transaction.set_batch_state(second.id, BatchState::cancelled, now);
  }));
  ASSERT_TRUE(commit([&](Transaction& transaction) {
    return transaction.advance_batch(partition_of(phone), second.id, 10, now);
  }));
  EXPECT_EQ(says_idle(phone), restart.uuid.text);
  EXPECT_EQ(counts().live, 1u);
}

REVEILLE_ON_EVERY_ENGINE(BatchContractTest);

TEST_P(BatchContractTest, AWakeKnowsWhenTheLastOfItsWorkExpires) {
  enrol(phone);
  enqueue(phone, lock);
  const auto expires = [&] { return due_wakes(phone).at(0).work_expires_at; };
  EXPECT_EQ(expires(), std::nullopt) << "a command that was queued alone never does";

  Batch ordered = for_ids({phone});
  ordered.expires_at = now + 1h;
  order(ordered, {phone});
  walk();
  EXPECT_EQ(expires(), std::nullopt) << "the one before still does not";

  ASSERT_TRUE(commit([&](Transaction& t) { return t.cancel(phone, lock.uuid, now); }));
  EXPECT_EQ(expires(), now + 1h);

  Batch later = for_ids({phone});
  later.id = {.text = "batch-2"};
  later.command = list.uuid;
  later.expires_at = now + 2h;
  ASSERT_TRUE(commit([&](Transaction& t) { return t.put_command(list, now); }));
  order(later, {phone});
  commit([&](Transaction& t) {
    EXPECT_TRUE(t.advance_batch(partition_of(phone), later.id, 100, now));
    return 0;
  });
  EXPECT_EQ(expires(), now + 2h);
  EXPECT_EQ(store().begin()->push_target(phone).value()->work_expires_at, now + 2h);
}

}  // namespace
}  // namespace reveille::storage::testing
