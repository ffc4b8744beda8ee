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
  // One that is recorded, of two pieces, and one that is not, of one.
  void upload_two_and_record_one(Transaction& transaction) {
    const UploadId recorded{.number = 1}, unfinished{.number = 2};
    for (const char* uuid : {"long", "other"}) {
      ASSERT_TRUE(transaction.put_command(command(uuid), now));
      ASSERT_TRUE(transaction.enqueue(std::vector{phone}, {.text = uuid}, now));
    }
    ASSERT_TRUE(transaction.put_report_piece(phone, {.text = "other"}, unfinished, 0, "piece"));
    ASSERT_TRUE(transaction.put_report_piece(phone, {.text = "long"}, recorded, 0, "piece"));
    ASSERT_TRUE(transaction.put_report_piece(phone, {.text = "long"}, recorded, 1, "piece"));
    ASSERT_TRUE(transaction.record_report(phone, {.text = "long"}, mdm::Status::acknowledged,
                                          recorded, now));
  }
  // Closes the store.
  std::size_t rows_of_long_results() {
    store.reset();
    return RawDatabase(temporary.path()).count(rocks::Table::long_results, "");
  }
  void reopen() {
    store.reset();
    store = open_rocksdb_store(rocksdb_options(temporary.path(), StoreOptions{})).value();
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
  EXPECT_EQ(rows_of_life(2), 2u);  // a delivery that has ended, and its result
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

TEST_F(LivesTest, ALifeThatNobodyCanAskForLeavesNoPieces) {
  commit([&](Transaction& transaction) {
    enrol(transaction);
    upload_two_and_record_one(transaction);
  });
  commit([&](Transaction& transaction) { enrol(transaction); });
  EXPECT_EQ(rows_of_long_results(), 0u);
}

TEST_F(LivesTest, AnUploadThatNoReportFollowsIsGoneAfterARestartAndTheOthersStay) {
  commit([&](Transaction& transaction) {
    enrol(transaction);
    upload_two_and_record_one(transaction);
  });
  reopen();
  EXPECT_EQ(store->begin()->find_result(phone, {.text = "long"}).value(), "piecepiece");
  EXPECT_EQ(rows_of_long_results(), 3u);  // the report and its two pieces
}

TEST_F(LivesTest, AnUploadOfAReportThatIsNotKeptLeavesNoRows) {
  commit([&](Transaction& transaction) {
    enrol(transaction);
    queue_two_and_answer_one(transaction);
  });
  commit([&](Transaction& transaction) {
    const UploadId upload{.number = 1};
    ASSERT_TRUE(transaction.put_report_piece(phone, {.text = "two"}, upload, 0, "piece"));
    ASSERT_TRUE(transaction.cancel(phone, {.text = "two"}, now));
    ASSERT_TRUE(
        transaction.record_report(phone, {.text = "two"}, mdm::Status::acknowledged, upload, now));
  });
  EXPECT_EQ(rows_of_long_results(), 0u);
}

// What tells one that a wake may be due stays when the wake moves, and goes when somebody passes
// it.
class DueBlocksTest : public LivesTest {
 protected:
  std::size_t blocks() {
    store.reset();
    std::size_t rows = 0;
    {
      RawDatabase raw(temporary.path());
      for (const Priority priority : {Priority::urgent, Priority::bulk}) {
        rows += raw.count(rocks::Table::due, rocks::due_prefix(partition_of(phone), priority));
      }
    }
    store = open_rocksdb_store(rocksdb_options(temporary.path(), StoreOptions{})).value();
    return rows;
  }
  void wake_at(std::optional<Time> due_at) {
    commit([&](Transaction& transaction) {
      ASSERT_TRUE(transaction.reschedule_wake(phone, due_at, now));
    });
  }
  std::optional<Time> next_due_at() {
    const auto transaction = store->begin();
    const auto next = transaction->next_due_at(partition_of(phone), {});
    EXPECT_TRUE(next && transaction->commit());
    return next.value_or(std::nullopt);
  }
};

TEST_F(DueBlocksTest, ABlockGoesWhenItIsPassedAndAllOfItIsStale) {
  commit([&](Transaction& transaction) { enrol(transaction); });
  wake_at(now);
  wake_at(now + std::chrono::hours(1));
  EXPECT_EQ(blocks(), 2u);
  EXPECT_EQ(next_due_at(), now + std::chrono::hours(1));
  EXPECT_EQ(blocks(), 1u);
  wake_at(std::nullopt);
  EXPECT_EQ(next_due_at(), std::nullopt);
  EXPECT_EQ(blocks(), 0u);
}

TEST_F(DueBlocksTest, AWakeThatComesBackToItsTimeIsDueOnce) {
  commit([&](Transaction& transaction) { enrol(transaction); });
  wake_at(now);
  wake_at(now + std::chrono::hours(1));
  wake_at(now);
  EXPECT_EQ(blocks(), 3u);
  EXPECT_EQ(store->begin()->due_wakes(partition_of(phone), {}, now, 10)->size(), 1u);
}

TEST_F(DueBlocksTest, SeveralLooksPassWhatAnAnsweredFleetLeaves) {
  commit([&](Transaction& transaction) { enrol(transaction); });
  for (int i = 0; i < 5'000; ++i) wake_at(now + std::chrono::milliseconds(i));
  wake_at(now + std::chrono::hours(1));
  const auto first = next_due_at();
  ASSERT_TRUE(first);
  EXPECT_LT(*first, now + std::chrono::hours(1));  // not wrong: nothing is due before it
  EXPECT_GT(*first, now);
  EXPECT_EQ(next_due_at(), now + std::chrono::hours(1));
  EXPECT_EQ(blocks(), 1u);
}

TEST_F(LivesTest, AnEndedLifeCanStillBeAskedFor) {
  commit([&](Transaction& transaction) {
    enrol(transaction);
    queue_two_and_answer_one(transaction);
    ASSERT_TRUE(transaction.end_enrolment(phone, EndReason::checked_out, now));
  });
  EXPECT_EQ(store->begin()->deliveries(phone, 10)->size(), 2u);
  EXPECT_EQ(rows_of_life(1), 3u);  // two deliveries that have ended, and a result
}

}  // namespace
}  // namespace reveille::storage::testing
