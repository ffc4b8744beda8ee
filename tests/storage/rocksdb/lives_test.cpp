#include "tests/storage/rocksdb/raw_database.h"
#include "tests/storage/store_contract.h"

// What the lives of an enrolment leave on the disk.
namespace reveille::storage::testing {
namespace {

class LivesTest : public ::testing::Test {
 protected:
  void commit(const std::function<void(Transaction&)>& work) {
    const auto transaction = store->begin();
    work(*transaction);
    ASSERT_TRUE(transaction->commit());
  }
  void enrol(Transaction& transaction) {
    ASSERT_TRUE(transaction.authenticate(authenticate_message(phone), digest('c'), now));
    ASSERT_TRUE(transaction.update_token(token_update_message(phone), now));
  }
  void queue_two_and_answer_one(Transaction& transaction) {
    for (const char* uuid : {"one", "two"}) {
      ASSERT_TRUE(transaction.put_command(command(uuid), now));
      ASSERT_TRUE(transaction.enqueue(std::vector{phone}, {.text = uuid}, now));
    }
    ASSERT_TRUE(transaction.record_report(phone, {.text = "one"}, mdm::Status::acknowledged,
                                          "report", now));
  }
  // Rows of the life in all tables that keep any; closes the store.
  std::size_t rows_of_life(std::uint32_t generation) {
    store.reset();
    RawDatabase raw(temporary.path());
    const Bytes life = rocks::life_prefix(phone, generation);
    std::size_t rows = 0;
    for (const auto table :
         {rocks::Table::queue, rocks::Table::deliveries, rocks::Table::results}) {
      rows += raw.count(table, life);
    }
    return rows;
  }

  const TemporaryFolder temporary;
  const mdm::EnrolmentId phone = id("PHONE-1");
  const Time now = start_of_test;
  std::unique_ptr<Store> store =
      open_rocksdb_store(rocksdb_options(temporary.path(), StoreOptions{})).value();
};

TEST_F(LivesTest, ALifeThatNobodyCanAskForLeavesNoRows) {
  commit([&](Transaction& transaction) {
    enrol(transaction);
    queue_two_and_answer_one(transaction);
  });
  commit([&](Transaction& transaction) {
    enrol(transaction);
    queue_two_and_answer_one(transaction);
  });
  EXPECT_EQ(store->counts().deliveries_voided, 1u);
  EXPECT_EQ(store->counts().deliveries_live, 1u);
  EXPECT_EQ(rows_of_life(1), 0u);
  EXPECT_EQ(rows_of_life(2), 5u);  // two places, two deliveries, a result
}

TEST_F(LivesTest, ALifeThatBeganAndEndedInOneTransactionLeavesNoRows) {
  commit([&](Transaction& transaction) {
    enrol(transaction);
    queue_two_and_answer_one(transaction);
    enrol(transaction);
  });
  EXPECT_EQ(store->counts().deliveries_voided, 1u);
  EXPECT_EQ(rows_of_life(1), 0u);
}

TEST_F(LivesTest, AnEndedLifeCanStillBeAskedFor) {
  commit([&](Transaction& transaction) {
    enrol(transaction);
    queue_two_and_answer_one(transaction);
    ASSERT_TRUE(transaction.end_enrolment(phone, EndReason::checked_out, now));
  });
  EXPECT_EQ(store->begin()->deliveries(phone, 10)->size(), 2u);
  EXPECT_EQ(rows_of_life(1), 5u);
}

}  // namespace
}  // namespace reveille::storage::testing
