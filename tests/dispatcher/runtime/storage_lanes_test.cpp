#include "dispatcher/runtime/storage_lanes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <latch>
#include <optional>
#include <thread>

#include "storage/memory/memory_store.h"
#include "tests/dispatcher/enrolment/breakable_store.h"

namespace reveille {
namespace {

// What became of a job; written by the storage lane, read after the latch.
struct Fate {
  int runs = 0, finishes = 0;
  Result<void> committed;
};

class Job final : public StorageJob {
 public:
  using Work = std::function<Result<void>(storage::Transaction&)>;

  Job(Fate& fate, std::latch& done, Work work) : fate_(fate), done_(done), work_(std::move(work)) {}

  Result<void> run(storage::Transaction& transaction) override {
    ++fate_.runs;
    return work_(transaction);
  }
  void finish(Result<void> committed) override {
    ++fate_.finishes;
    fate_.committed = std::move(committed);
    done_.count_down();
  }

 private:
  Fate& fate_;
  std::latch& done_;
  Work work_;
};

Result<void> idle(storage::Transaction&) { return {}; }

class StorageLanesTest : public testing::Test {
 protected:
  StorageLanesTest() : store(storage::make_memory_store({})) {}

  Job::Work put(const std::string& uuid) {
    return [uuid](storage::Transaction& transaction) {
      mdm::Command command;
      command.uuid.text = uuid;
      return transaction.put_command(command, {});
    };
  }
  bool is_stored(const std::string& uuid) {
    mdm::CommandUuid command;
    command.text = uuid;
    return store->begin()->find_command(command).value().has_value();
  }

  // Keeps the lane busy, so that what is submitted meanwhile waits together.
  class Blocker {
   public:
    Blocker(StorageLanes& lanes, storage::Partition partition) {
      const auto work = [this](storage::Transaction&) -> Result<void> {
        running_.count_down();
        free_.wait();
        return {};
      };
      EXPECT_TRUE(lanes.submit(partition, std::make_unique<Job>(fate_, done_, work)));
      running_.wait();
    }
    void release() {
      free_.count_down();
      done_.wait();
    }

   private:
    Fate fate_;
    std::latch running_{1}, free_{1}, done_{1};
  };

  Log log{{.level = LogLevel::error, .format = LogFormat::json}};
  std::unique_ptr<storage::Store> store;
};

TEST_F(StorageLanesTest, AJobFinishesAfterItsCommit) {
  StorageLanes lanes(*store, log, {});
  Fate fate;
  std::latch done(1);
  ASSERT_TRUE(lanes.submit({}, std::make_unique<Job>(fate, done, put("one"))));
  done.wait();
  EXPECT_TRUE(fate.committed);
  EXPECT_TRUE(is_stored("one"));
}

TEST_F(StorageLanesTest, WhatWaitsTogetherSharesOneCommit) {
  StorageLanes lanes(*store, log, {});
  std::vector<Fate> fates(100);
  std::latch done(100);
  Blocker blocker(lanes, {});
  for (Fate& fate : fates) {
    ASSERT_TRUE(lanes.submit({}, std::make_unique<Job>(fate, done, idle)));
  }
  EXPECT_EQ(lanes.statistics().waiting, 100u);
  blocker.release();
  done.wait();
  EXPECT_EQ(lanes.statistics().commits, 2u) << "the blocker's, and one for all";
  EXPECT_EQ(lanes.statistics().jobs, 101u);
}

TEST_F(StorageLanesTest, ATransactionTakesNoMoreThanABatch) {
  StorageLanes lanes(*store, log, {.lanes = 1, .queue_capacity = 100, .batch_max = 10});
  std::vector<Fate> fates(35);
  std::latch done(35);
  Blocker blocker(lanes, {});
  for (Fate& fate : fates) {
    ASSERT_TRUE(lanes.submit({}, std::make_unique<Job>(fate, done, idle)));
  }
  blocker.release();
  done.wait();
  EXPECT_EQ(lanes.statistics().commits, 1u + 4u);
}

TEST_F(StorageLanesTest, OneThatBreaksTheTransactionFailsAlone) {
  StorageLanes lanes(*store, log, {});
  Fate before, broken, after;
  std::latch done(3);
  Blocker blocker(lanes, {});
  const auto breaks = [this](storage::Transaction& transaction) -> Result<void> {
    EXPECT_TRUE(put("half")(transaction));
    return failure(ErrorCode::corrupt, "a row is damaged");
  };
  ASSERT_TRUE(lanes.submit({}, std::make_unique<Job>(before, done, put("before"))));
  ASSERT_TRUE(lanes.submit({}, std::make_unique<Job>(broken, done, breaks)));
  ASSERT_TRUE(lanes.submit({}, std::make_unique<Job>(after, done, put("after"))));
  blocker.release();
  done.wait();

  EXPECT_TRUE(before.committed);
  EXPECT_TRUE(after.committed);
  ASSERT_FALSE(broken.committed);
  EXPECT_EQ(broken.committed.error().code, ErrorCode::corrupt);
  EXPECT_TRUE(is_stored("before"));
  EXPECT_TRUE(is_stored("after"));
  EXPECT_FALSE(is_stored("half")) << "all of it, or none";
  for (const Fate* fate : {&before, &broken, &after}) EXPECT_EQ(fate->finishes, 1);
}

TEST_F(StorageLanesTest, JobsOfAProducerRunInTheirOrder) {
  StorageLanes lanes(*store, log, {});
  std::vector<int> order;
  std::vector<Fate> fates(50);
  std::latch done(50);
  for (int i = 0; i < 50; ++i) {
    const auto work = [&order, i](storage::Transaction&) -> Result<void> {
      order.push_back(i);
      return {};
    };
    ASSERT_TRUE(
        lanes.submit({}, std::make_unique<Job>(fates[static_cast<std::size_t>(i)], done, work)));
  }
  done.wait();
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_F(StorageLanesTest, AFullLaneRefusesAndTheOthersDoNot) {
  StorageLanes lanes(*store, log, {.lanes = 2, .queue_capacity = 3, .batch_max = 10});
  ASSERT_NE(lanes.lane_of({0}), lanes.lane_of({1}));
  ASSERT_EQ(lanes.lane_of({0}), lanes.lane_of({2}));
  std::vector<Fate> fates(5);
  std::latch done(4);
  Blocker blocker(lanes, {0});
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(
        lanes.submit({0}, std::make_unique<Job>(fates[static_cast<std::size_t>(i)], done, idle)));
  }
  const auto refused = lanes.submit({2}, std::make_unique<Job>(fates[3], done, idle));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
  EXPECT_TRUE(lanes.submit({1}, std::make_unique<Job>(fates[4], done, idle)));
  blocker.release();
  done.wait();
  EXPECT_EQ(fates[3].runs, 0);
  EXPECT_EQ(fates[3].finishes, 0);
  EXPECT_EQ(lanes.statistics().refused, 1u);
}

TEST_F(StorageLanesTest, TheEndFinishesWhatWaits) {
  std::vector<Fate> fates(20);
  std::latch done(20);
  std::optional<StorageLanes> lanes;
  lanes.emplace(*store, log, StorageLanesOptions{.lanes = 4});
  for (std::size_t i = 0; i < fates.size(); ++i) {
    const storage::Partition partition{static_cast<std::uint8_t>(i % storage::Partition::count)};
    ASSERT_TRUE(lanes->submit(partition, std::make_unique<Job>(fates[i], done, put("last"))));
  }
  lanes.reset();
  for (const Fate& fate : fates) {
    EXPECT_EQ(fate.finishes, 1);
    EXPECT_TRUE(fate.committed);
  }
}

TEST_F(StorageLanesTest, AFailedCommitIsNotTriedAgainAndFailsAllThatSharedIt) {
  storage::BreakableStore breakable;
  breakable.break_commits();
  std::vector<Fate> fates(3);
  std::latch done(3);
  int alarms = 0;
  {
    StorageLanes lanes(breakable, log, {.on_store_broken = [&] { ++alarms; }});
    Blocker blocker(lanes, {0});
    for (Fate& fate : fates) {
      ASSERT_TRUE(lanes.submit({0}, std::make_unique<Job>(fate, done, put("lost"))));
    }
    blocker.release();
    done.wait();
  }
  for (const Fate& fate : fates) {
    EXPECT_EQ(fate.runs, 1);
    EXPECT_EQ(fate.finishes, 1);
    EXPECT_FALSE(fate.committed);
  }
  EXPECT_EQ(alarms, 0) << "a full disk mends itself";
}

TEST_F(StorageLanesTest, AStoreThatIsBrokenForGoodIsReportedOnceByEachLane) {
  storage::BreakableStore breakable;
  breakable.break_for_good();
  std::vector<Fate> fates(2);
  int alarms = 0;
  StorageLanes lanes(breakable, log, {.on_store_broken = [&] { ++alarms; }});
  for (Fate& fate : fates) {
    std::latch done(1);
    ASSERT_TRUE(lanes.submit({0}, std::make_unique<Job>(fate, done, put("lost"))));
    done.wait();
  }
  EXPECT_EQ(alarms, 1);
}

TEST_F(StorageLanesTest, ManyThreadsSubmitAndEachJobFinishesOnce) {
  constexpr int threads = 4, jobs_of_each = 500;
  std::vector<Fate> fates(threads * jobs_of_each);
  std::latch done(threads * jobs_of_each);
  {
    StorageLanes lanes(*store, log, {.lanes = 3});
    std::vector<std::jthread> submitters;
    for (int thread = 0; thread < threads; ++thread) {
      submitters.emplace_back([&, thread] {
        for (int i = 0; i < jobs_of_each; ++i) {
          Fate& fate = fates[static_cast<std::size_t>(thread * jobs_of_each + i)];
          const storage::Partition partition{static_cast<std::uint8_t>(i % 16)};
          EXPECT_TRUE(lanes.submit(partition, std::make_unique<Job>(fate, done, idle)));
        }
      });
    }
    done.wait();
  }
  for (const Fate& fate : fates) EXPECT_EQ(fate.finishes, 1);
}

}  // namespace
}  // namespace reveille
