#include <atomic>
#include <thread>

#include "tests/storage/store_contract.h"

namespace reveille::storage::testing {
namespace {

// Ids, commands and certificates of one lane's partitions: those whose index modulo `lanes` is its.
constexpr int lanes = 3;

template <typename Key>
bool belongs_to(int lane, const Key& key) {
  return partition_of(key).index % lanes == lane;
}

class LanesTest : public StoreContractTest {};
REVEILLE_ON_EVERY_ENGINE(LanesTest);

TEST_P(LanesTest, LanesCommitSideBySideAndTheCountsAddUp) {
  constexpr int enrolments_per_lane = 40, commands_per_lane = 5;
  const auto work = [&](int lane) {
    std::vector<mdm::EnrolmentId> ids;
    for (int i = 0; static_cast<int>(ids.size()) < enrolments_per_lane; ++i) {
      const mdm::EnrolmentId device = id("device-" + std::to_string(i));
      if (!belongs_to(lane, device)) continue;
      const auto transaction = store().begin();
      ASSERT_TRUE(transaction->authenticate(authenticate_message(device), digest('c'), now));
      ASSERT_TRUE(transaction->update_token(token_update_message(device), now));
      ASSERT_TRUE(transaction->commit());
      ids.push_back(device);
    }
    for (int i = 0, put = 0; put < commands_per_lane; ++i) {
      const mdm::Command queued = command("command-" + std::to_string(i));
      if (!belongs_to(lane, queued.uuid)) continue;
      ++put;
      const auto transaction = store().begin();
      ASSERT_TRUE(transaction->put_command(queued, now));
      ASSERT_TRUE(transaction->enqueue(ids, queued.uuid, now));
      ASSERT_TRUE(transaction->commit());
    }
    for (const mdm::EnrolmentId& device : ids) {
      const auto transaction = store().begin();
      const auto next = transaction->next_command(device, NotNow::offer, now).value().value();
      ASSERT_TRUE(
          transaction->record_report(device, next.uuid, mdm::Status::acknowledged, "", now));
      ASSERT_TRUE(transaction->commit());
    }
  };
  std::atomic<bool> done = false;
  {
    std::jthread watcher([&] {
      while (!done)
        EXPECT_LE(store().counts().enrolments_enrolled, 1u * lanes * enrolments_per_lane);
    });
    {
      std::vector<std::jthread> threads;
      for (int lane = 0; lane < lanes; ++lane) threads.emplace_back(work, lane);
    }
    done = true;
  }

  constexpr std::uint64_t devices = lanes * enrolments_per_lane;
  const Counts expected{.enrolments_enrolled = devices,
                        .deliveries_live = devices * (commands_per_lane - 1),
                        .deliveries_acknowledged = devices,
                        .commands = lanes * commands_per_lane};
  EXPECT_EQ(store().counts(), expected);
}

// Every lane walks its own partitions of one batch; they meet in its record alone, which changes
// under them.
TEST_P(LanesTest, LanesExpandOneBatchSideBySideWhileAnOperatorPausesIt) {
  constexpr std::size_t devices = 150;
  const BatchId batch{.text = "batch"};
  commit([&](Transaction& transaction) {
    for (std::size_t i = 0; i < devices; ++i) {
      const mdm::EnrolmentId device = id("device-" + std::to_string(i));
      EXPECT_TRUE(transaction.authenticate(authenticate_message(device), digest('c'), now));
      EXPECT_TRUE(transaction.update_token(token_update_message(device), now));
    }
    EXPECT_TRUE(transaction.put_command(restart, now));
    Batch ordered{.id = batch, .command = restart.uuid};
    ordered.audience = AudienceKind::all_devices;
    return transaction.put_batch(ordered, now);
  });
  const auto set_state = [&](BatchState state) {
    const auto transaction = store().begin();
    ASSERT_TRUE(transaction->set_batch_state(batch, state, now));
    ASSERT_TRUE(transaction->commit());
  };
  std::atomic<int> lanes_at_work = lanes;
  const auto work = [&](int lane) {
    bool has_more = true;
    while (has_more) {
      has_more = false;
      for (std::uint8_t index = 0; index < Partition::count; ++index) {
        if (index % lanes != lane) continue;
        const auto transaction = store().begin();
        const auto step = transaction->advance_batch({.index = index}, batch, 2, now);
        ASSERT_TRUE(step);
        ASSERT_TRUE(transaction->commit());
        // Paused in the middle is not the end.
        has_more = has_more || step->phase == BatchPhase::expanding;
      }
    }
    --lanes_at_work;
  };
  {
    std::vector<std::jthread> threads;
    for (int lane = 0; lane < lanes; ++lane) threads.emplace_back(work, lane);
    // The operator: a lane of the batch's partition that does nothing else.
    while (lanes_at_work > 0) {
      set_state(BatchState::paused);
      EXPECT_TRUE(store().begin()->batch_counts(batch)->add_up());
      set_state(BatchState::running);
      std::this_thread::yield();
    }
  }
  const BatchCounts counts = store().begin()->batch_counts(batch).value();
  EXPECT_EQ(counts.live, devices);
  EXPECT_EQ(counts.audience, devices);
  EXPECT_EQ(counts.skipped(), 0u);
  EXPECT_EQ(store().counts().deliveries_live, devices);
}

}  // namespace
}  // namespace reveille::storage::testing
