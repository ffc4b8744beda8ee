#include "tests/storage/store_contract.h"

// All of a transaction takes effect, or none.
namespace reveille::storage::testing {
namespace {

class TransactionContractTest : public StoreContractTest {};
REVEILLE_ON_EVERY_ENGINE(TransactionContractTest);

TEST_P(TransactionContractTest, ADroppedTransactionLeavesNothing) {
  enrol(phone);
  enqueue(phone, restart);
  const Counts before = store().counts();
  {
    const auto dropped = store().begin();
    ASSERT_TRUE(dropped->authenticate(authenticate_message(mac), digest('m'), now));
    ASSERT_TRUE(dropped->record_report(phone, restart.uuid, mdm::Status::error, "", now));
    ASSERT_TRUE(dropped->put_command(lock, now));
    ASSERT_TRUE(dropped->enqueue(std::vector{phone}, lock.uuid, now));
    ASSERT_TRUE(dropped->bind_certificate(digest('m'), mac));
    ASSERT_TRUE(dropped->add_challenge(digest('x'), now + 1h));
    ASSERT_TRUE(dropped->reschedule_wake(phone, std::nullopt, now));
  }
  EXPECT_EQ(store().counts(), before);
  EXPECT_EQ(find(mac), std::nullopt);
  EXPECT_EQ(state_of(phone, restart), DeliveryState::queued);
  EXPECT_TRUE(is_due(phone));
  EXPECT_EQ(store().begin()->find_command(lock.uuid).value(), std::nullopt);
  EXPECT_EQ(store().begin()->bound_device(digest('m')).value(), std::nullopt);
  EXPECT_EQ(store().begin()->queue_state(phone)->ready, 1u);
}

TEST_P(TransactionContractTest, ReadsSeeTheTransactionsOwnWrites) {
  const auto transaction = store().begin();
  ASSERT_TRUE(transaction->authenticate(authenticate_message(phone), digest('c'), now));
  ASSERT_TRUE(transaction->update_token(token_update_message(phone), now));
  ASSERT_TRUE(transaction->put_command(restart, now));
  ASSERT_TRUE(transaction->put_command(lock, now));
  for (const mdm::Command& queued : {restart, lock}) {
    ASSERT_EQ(transaction->enqueue(std::vector{phone}, queued.uuid, now)->at(0), Enqueued::queued);
  }

  EXPECT_EQ(transaction->due_wakes(partition_of(phone), {}, now, 10)->size(), 1u);
  EXPECT_EQ(transaction->next_due_at(partition_of(phone), {}).value(), now);
  EXPECT_EQ(transaction->next_command(phone, NotNow::offer, now).value(), restart);
  ASSERT_TRUE(transaction->record_report(phone, restart.uuid, mdm::Status::acknowledged, "r", now));
  EXPECT_EQ(transaction->find_result(phone, restart.uuid).value(), "r");
  EXPECT_EQ(transaction->next_command(phone, NotNow::skip, now).value(), lock);
  EXPECT_EQ(transaction->deliveries(phone, 10)->size(), 2u);
  EXPECT_TRUE(transaction->cancel(phone, lock.uuid, now));
  EXPECT_EQ(transaction->next_due_at(partition_of(phone), {}).value(), std::nullopt);
}

TEST_P(TransactionContractTest, CountsAndListsShowCommittedChangesOnly) {
  const auto transaction = store().begin();
  ASSERT_TRUE(transaction->authenticate(authenticate_message(phone), digest('c'), now));
  EXPECT_TRUE(transaction->list_enrolments({}, 10)->empty());
  EXPECT_EQ(store().counts(), Counts{});
  ASSERT_TRUE(transaction->commit());
  EXPECT_EQ(store().counts().enrolments_pending, 1u);
}

TEST_P(TransactionContractTest, AnUncommittedLookAtWakesHidesNoneLater) {
  enrol(phone);
  enqueue(phone, restart);
  {
    const auto dropped = store().begin();
    ASSERT_TRUE(dropped->reschedule_wake(phone, std::nullopt, now));
    EXPECT_TRUE(dropped->due_wakes(partition_of(phone), {}, now, 10)->empty());
  }
  EXPECT_TRUE(is_due(phone));
}

TEST_P(TransactionContractTest, AnEmptyTransactionCommits) {
  EXPECT_TRUE(store().begin()->commit());
}

}  // namespace
}  // namespace reveille::storage::testing
