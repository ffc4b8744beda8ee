#include <random>

#include "tests/storage/rocksdb/victim.h"
#include "tests/storage/store_contract.h"

// Promise 1 at the level of the engine: what commit() has answered survives SIGKILL.
namespace reveille::storage::testing {
namespace {

constexpr int all = 1'000'000;

// Kills the writer some time after its `reports`th commit; answers how many commits it reported.
int run_and_kill_writer(const std::filesystem::path& folder, const std::string& device, int reports,
                        std::chrono::microseconds then) {
  Victim writer({folder.string(), device});
  int reported = writer.wait_for(reports);
  usleep(static_cast<useconds_t>(then.count()));  // a random instant within the commits to come
  writer.kill_it();
  reported += writer.wait_for(all);  // what it reported meanwhile
  EXPECT_EQ(writer.exit_status(), -SIGKILL);
  return reported;
}

void expect_commits(Store& store, const mdm::EnrolmentId& device, int reported) {
  const auto transaction = store.begin();
  const auto deliveries = transaction->deliveries(device, 1'000'000).value();
  const auto queued = static_cast<int>(deliveries.size());
  // One more may have been committed and not reported; never a part of one.
  EXPECT_GE(queued, reported);
  EXPECT_LE(queued, reported + 1);
  for (int i = 0; i < queued; ++i) {
    const mdm::CommandUuid uuid{.text = device.text() + "-" + std::to_string(i)};
    const auto delivery = transaction->find_delivery(device, uuid).value();
    ASSERT_TRUE(delivery) << uuid.text;
    EXPECT_TRUE(transaction->find_command(uuid).value()) << uuid.text;
    const bool answered = i % 2 == 0 && i + 1 < queued;  // commit i + 1 acknowledges an even i
    EXPECT_EQ(delivery->state, answered ? DeliveryState::acknowledged : DeliveryState::queued);
  }
}

TEST(KillTest, EveryReportedCommitIsThereAfterAKill) {
  const TemporaryFolder temporary;
  StoreOptions options;
  options.queue_commands_max = 1'000'000;
  std::mt19937 random(20'260'102);
  std::uint64_t deliveries = 0, acknowledged = 0;

  constexpr int rounds = 20;
  for (int round = 0; round < rounds; ++round) {
    const mdm::EnrolmentId device = id("device" + std::to_string(round));
    const int reported =
        run_and_kill_writer(temporary.path(), device.text(), static_cast<int>(random() % 40) + 1,
                            std::chrono::microseconds(random() % 3'000));
    ASSERT_GT(reported, 0);
    const auto store = open_rocksdb_store(rocksdb_options(temporary.path(), options));
    ASSERT_TRUE(store) << store.error().detail;
    expect_commits(**store, device, reported);

    const auto listed = (*store)->begin()->deliveries(device, 1'000'000).value();
    for (const Delivery& delivery : listed) {
      ++deliveries;
      if (delivery.state == DeliveryState::acknowledged) ++acknowledged;
    }
    const Counts expected{.enrolments_enrolled = static_cast<std::uint64_t>(round) + 1,
                          .deliveries_live = deliveries - acknowledged,
                          .deliveries_acknowledged = acknowledged,
                          .commands = deliveries};
    EXPECT_EQ((*store)->counts(), expected);
  }
}

// A failed write proves nothing either way: the answer is "unavailable", also to what follows, and
// only the reopened store tells.
TEST(KillTest, AfterAFailedWriteNothingIsCommittedUntilTheStoreIsReopened) {
  const TemporaryFolder temporary;
  StoreOptions options;
  options.queue_commands_max = 1'000'000;
  Victim writer({temporary.path().string(), "device", "150000"});
  const int reported = writer.wait_for(all);
  constexpr int refused = 3;
  EXPECT_EQ(writer.exit_status(), refused);
  EXPECT_GT(reported, 0);

  const auto store = open_rocksdb_store(rocksdb_options(temporary.path(), options));
  ASSERT_TRUE(store) << store.error().detail;
  expect_commits(**store, id("device"), reported);
}

}  // namespace
}  // namespace reveille::storage::testing
