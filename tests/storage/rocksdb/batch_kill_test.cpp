#include <map>
#include <random>

#include "tests/storage/rocksdb/raw_database.h"
#include "tests/storage/rocksdb/victim.h"
#include "tests/storage/store_contract.h"

// A batch that is killed again and again while it expands, and while it is taken back: no gap, no
// double, and counts that add up.
namespace reveille::storage::testing {
namespace {

constexpr std::size_t devices = 600;

class BatchKillTest : public ::testing::TestWithParam<AudienceKind> {
 protected:
  std::unique_ptr<Store> open() {
    auto store = open_rocksdb_store(rocksdb_options(folder_.path(), StoreOptions{}));
    EXPECT_TRUE(store) << store.error().detail;
    return *std::move(store);
  }

  static mdm::EnrolmentId device(std::size_t number) { return id("D" + std::to_string(number)); }

  void enrol_and_order() {
    const auto store = open();
    const auto transaction = store->begin();
    std::map<std::uint8_t, std::vector<mdm::EnrolmentId>> shares;
    for (std::size_t i = 0; i < devices; ++i) {
      ASSERT_TRUE(transaction->authenticate(authenticate_message(device(i)), digest('c'), now_));
      ASSERT_TRUE(transaction->update_token(token_update_message(device(i)), now_));
      shares[partition_of(device(i)).index].push_back(device(i));
    }
    Batch batch{.id = batch_, .command = restart_.uuid};
    batch.audience = GetParam();
    if (GetParam() == AudienceKind::ids) {
      batch.audience_ids = devices;
      for (const auto& [index, share] : shares) {
        const std::span<const mdm::EnrolmentId> all(share);
        ASSERT_TRUE(transaction->put_audience(batch_, {.index = index}, 0, all.first(10)));
        ASSERT_TRUE(transaction->put_audience(batch_, {.index = index}, 1, all.subspan(10)));
      }
    }
    ASSERT_TRUE(transaction->put_command(restart_, now_));
    ASSERT_TRUE(transaction->put_batch(batch, now_));
    ASSERT_TRUE(transaction->commit());
  }

  // How many deliveries there are in `state`; every one of them is counted, and nothing else.
  std::size_t check(DeliveryState state) {
    const auto store = open();
    const auto transaction = store->begin();
    const BatchCounts counts = transaction->batch_counts(batch_).value();
    EXPECT_TRUE(counts.add_up());
    EXPECT_EQ(counts.skipped(), 0u);  // a place that was walked twice would be `already_queued`
    std::size_t deliveries = 0, in_state = 0;
    for (std::size_t i = 0; i < devices; ++i) {
      const auto delivery = transaction->find_delivery(device(i), restart_.uuid).value();
      if (!delivery) continue;
      ++deliveries;
      if (delivery->state == state) ++in_state;
    }
    EXPECT_EQ(counts.live + counts.ended(), deliveries);
    EXPECT_EQ(store->counts().deliveries_live, counts.live);
    EXPECT_EQ(store->counts().deliveries_cancelled, counts.cancelled);
    return in_state;
  }

  // Lets it work and kills it, until it ends by itself; answers how often it was killed.
  int advance_and_kill(DeliveryState state) {
    std::mt19937 random(20'260'103);
    std::size_t before = check(state);
    for (int kills = 0;; ++kills) {
      Victim victim({"--advance", folder_.path().string(), batch_.text});
      const int reported = victim.wait_for(static_cast<int>(random() % 20) + 1);
      usleep(random() % 2'000);  // a random instant within the commits to come
      victim.kill_it();
      const bool ended = victim.exit_status() == 0;
      const std::size_t after = check(state);
      // What was reported is there; each step but a partition's last passes three places.
      EXPECT_GE(after, before + static_cast<std::size_t>(reported > 16 ? reported - 16 : 0));
      before = after;
      if (ended || after == devices) return kills;
    }
  }

  const Time now_ = start_of_test;
  const BatchId batch_{.text = "batch"};
  const mdm::Command restart_ = command("restart");
  TemporaryFolder folder_;
};

TEST_P(BatchKillTest, NobodyIsLeftOutOrServedTwice) {
  enrol_and_order();
  EXPECT_GT(advance_and_kill(DeliveryState::queued), 3);
  EXPECT_EQ(check(DeliveryState::queued), devices);
  {
    const auto store = open();
    for (std::size_t i = 0; i < devices; ++i) {
      EXPECT_EQ(store->begin()->queue_state(device(i))->ready, 1u);
    }
    const auto transaction = store->begin();
    ASSERT_TRUE(transaction->set_batch_state(batch_, BatchState::cancelled, now_));
    ASSERT_TRUE(transaction->commit());
  }
  EXPECT_GT(advance_and_kill(DeliveryState::cancelled), 3);
  EXPECT_EQ(check(DeliveryState::cancelled), devices);
  EXPECT_TRUE(open()->begin()->batch_counts(batch_)->is_done());
}

INSTANTIATE_TEST_SUITE_P(Audiences, BatchKillTest,
                         ::testing::Values(AudienceKind::ids, AudienceKind::all_devices),
                         [](const auto& kind) { return name_of(kind.param); });

// What a crash leaves between put_audience() and put_batch() does not stay for ever.
TEST(BatchAudienceTest, AnAudienceThatNoBatchFollowsIsPurgedAtTheNextStart) {
  const TemporaryFolder folder;
  const auto open = [&] {
    return open_rocksdb_store(rocksdb_options(folder.path(), StoreOptions{})).value();
  };
  const std::vector ids{id("PHONE")};
  const Partition partition = partition_of(ids[0]);
  const mdm::Command restart = command("restart");
  {
    const auto store = open();
    const auto transaction = store->begin();
    ASSERT_TRUE(transaction->put_command(restart, start_of_test));
    for (const char* name : {"followed", "lost", "other"}) {
      ASSERT_TRUE(transaction->put_audience({.text = name}, partition, 0, ids));
    }
    Batch batch{.id = {.text = "followed"}, .command = restart.uuid};
    batch.audience_ids = 1;
    ASSERT_TRUE(transaction->put_batch(batch, start_of_test));
    ASSERT_TRUE(transaction->commit());
  }
  open();
  RawDatabase raw(folder.path());
  EXPECT_EQ(raw.count(rocks::Table::audiences, rocks::audience_prefix({.text = "followed"})), 1u);
  EXPECT_EQ(raw.count(rocks::Table::audiences, ""), 1u);
}

TEST(BatchAudienceTest, TheAudienceOfABatchThatIsDoneIsForgotten) {
  const TemporaryFolder folder;
  const std::vector ids{id("PHONE")};
  const mdm::Command restart = command("restart");
  {
    const auto store =
        open_rocksdb_store(rocksdb_options(folder.path(), StoreOptions{})).value();
    const auto transaction = store->begin();
    ASSERT_TRUE(transaction->put_command(restart, start_of_test));
    ASSERT_TRUE(transaction->put_audience({.text = "batch"}, partition_of(ids[0]), 0, ids));
    Batch batch{.id = {.text = "batch"}, .command = restart.uuid};
    batch.audience_ids = 1;
    ASSERT_TRUE(transaction->put_batch(batch, start_of_test));
    ASSERT_TRUE(transaction->advance_batch(partition_of(ids[0]), batch.id, 10, start_of_test));
    ASSERT_TRUE(transaction->commit());
  }
  EXPECT_EQ(RawDatabase(folder.path()).count(rocks::Table::audiences, ""), 0u);
}

}  // namespace
}  // namespace reveille::storage::testing
