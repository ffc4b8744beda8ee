#include <algorithm>

#include "tests/storage/rocksdb/raw_database.h"
#include "tests/storage/store_contract.h"

// One enrolment's damaged records must not keep the wakes of its partition from going out.
namespace reveille::storage::testing {
namespace {

class DamagedWakesTest : public ::testing::Test {
 protected:
  DamagedWakesTest() {
    for (int i = 0; phones.size() < 3; ++i) {
      mdm::EnrolmentId one = id("PHONE-" + std::to_string(i));
      if (partition_of(one) == partition) phones.push_back(std::move(one));
    }
    std::ranges::sort(phones);  // as their wakes of one time are
    const auto store = open();
    const auto transaction = store->begin();
    EXPECT_TRUE(transaction->put_command(command("uuid"), now));
    for (const mdm::EnrolmentId& phone : phones) {
      EXPECT_TRUE(transaction->authenticate(authenticate_message(phone), digest('c'), now));
      EXPECT_TRUE(transaction->update_token(token_update_message(phone), now));
      EXPECT_TRUE(transaction->enqueue(std::vector{phone}, {.text = "uuid"}, now));
    }
    EXPECT_TRUE(transaction->commit());
  }

  std::unique_ptr<Store> open() {
    return open_rocksdb_store(rocksdb_options(folder, StoreOptions{})).value();
  }

  // The middle one is known by its name and time alone; the others are whole, in one transaction
  // that can still commit.
  void expect_others_found() {
    const auto store = open();
    const auto transaction = store->begin();
    const auto wakes = transaction->due_wakes(partition, {}, now, 10);
    ASSERT_TRUE(wakes) << wakes.error().detail;
    ASSERT_EQ(wakes->size(), phones.size());
    for (std::size_t i = 0; i < phones.size(); ++i) {
      const DueWake& wake = (*wakes)[i];
      EXPECT_EQ(wake.enrolment, phones[i]);
      EXPECT_EQ(wake.due_at, now);
      EXPECT_EQ(wake.push_token.bytes.empty(), i == 1) << i;
    }
    EXPECT_TRUE(transaction->due_wakes(partition, cursor_at((*wakes)[1]), now, 10));
    EXPECT_TRUE(transaction->commit());
  }

  const TemporaryFolder temporary;
  const std::filesystem::path folder = temporary.path() / "state" / "store";
  const Partition partition = partition_of(id("PHONE-0"));
  std::vector<mdm::EnrolmentId> phones;
  const Time now = start_of_test;
};

TEST_F(DamagedWakesTest, ADamagedScheduleIsPassedBy) {
  RawDatabase(folder).put(rocks::Table::schedules, rocks::schedule_key(phones[1]), "\x01gone");
  expect_others_found();
}

TEST_F(DamagedWakesTest, ADamagedPushSecretIsPassedBy) {
  RawDatabase(folder).put(rocks::Table::secrets, rocks::push_secret_key(phones[1]), "\x01gone");
  expect_others_found();
}

}  // namespace
}  // namespace reveille::storage::testing
