#include "dispatcher/batch/expander.h"

#include <atomic>
#include <mutex>
#include <semaphore>
#include <set>

#include "tests/dispatcher/batch/batch_world.h"
#include "tests/dispatcher/enrolment/breakable_store.h"

namespace reveille::batch {
namespace {

using storage::BatchState;
using testing::Each;
using testing::Pair;
using testing::SizeIs;

// Threads, lanes and jobs as in the daemon, over the memory store. Commits pass through `store_`,
// so the fleet's own work goes through the lanes too.
class ExpanderTest : public testing::Test {
 protected:
  static constexpr auto patience = std::chrono::seconds(30);

  void start(const ExpanderOptions& options = {}, std::size_t lanes = 2,
             std::size_t queue_capacity = 1'024) {
    StorageLanesOptions lane_options;
    lane_options.lanes = lanes;
    lane_options.queue_capacity = queue_capacity;
    lanes_ = std::make_unique<StorageLanes>(store_, log_, lane_options);
    start_expander(options);
  }
  void start_expander(const ExpanderOptions& options = {}) {
    expander_ = std::make_unique<Expander>(
        *lanes_, clock_, log_, options,
        [this](storage::Partition partition, storage::Priority priority) {
          auto& notified = priority == storage::Priority::urgent ? notified_urgent_ : notified_;
          notified |= 1u << partition.index;
        });
    expander_->start();
  }
  void stop_expander() { expander_.reset(); }
  void TearDown() override {
    expander_.reset();
    lanes_.reset();
  }

  class Work final : public StorageJob {
   public:
    using Function = std::function<void(storage::Transaction&)>;
    Work(Function function, std::binary_semaphore& done)
        : function_(std::move(function)), done_(done) {}
    Result<void> run(storage::Transaction& transaction) override {
      function_(transaction);
      return {};
    }
    void finish(Result<void>) override { done_.release(); }

   private:
    Function function_;
    std::binary_semaphore& done_;
  };

  // In a storage lane: the memory store is one lane's at a time only for one record.
  void in_lane(storage::Partition partition, Work::Function function) {
    std::binary_semaphore done(0);
    ASSERT_TRUE(lanes_->submit(partition, std::make_unique<Work>(std::move(function), done)));
    ASSERT_TRUE(done.try_acquire_for(patience));
  }

  // Before start(): without lanes.
  void enrol(std::size_t count) { fleet_.enrol(count, clock_.wall_now()); }
  storage::BatchId put(const std::string& id,
                       const std::function<void(storage::Batch&)>& change = {}) {
    return fleet_.put(id, clock_.wall_now(), change);
  }
  storage::BatchCounts counts(const storage::BatchId& id) {
    storage::BatchCounts counts;
    in_lane(storage::partition_of(id), [&](storage::Transaction& transaction) {
      counts = transaction.batch_counts(id).value();
    });
    return counts;
  }
  void set(const storage::BatchId& id, BatchState state) {
    in_lane(storage::partition_of(id), [&](storage::Transaction& transaction) {
      ASSERT_TRUE(transaction.set_batch_state(id, state, clock_.wall_now()));
    });
    expander_->changed(id);
  }

  template <typename Condition>
  void wait_until(Condition condition, const char* what) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << what;
      std::this_thread::yield();
    }
  }
  // Partitions are listed one by one, so that it may rest in between.
  void wait_until_queued(std::uint64_t deliveries) {
    wait_until(
        [&] {
          const Statistics now = expander_->statistics();
          return now.queued == deliveries && now.unfinished == 0;
        },
        "everyone's delivery");
  }

  SystemClock clock_;
  Log log_{{.level = LogLevel::error, .format = LogFormat::json}};
  storage::BreakableStore store_;
  Fleet fleet_{store_};
  std::atomic<std::uint32_t> notified_{0}, notified_urgent_{0};  // a bit for each partition
  std::unique_ptr<StorageLanes> lanes_;
  std::unique_ptr<Expander> expander_;
};

TEST_F(ExpanderTest, GoesOnWithWhatIsUnfinishedWhenItStarts) {
  enrol(300);
  const auto batch = put("all");
  start();

  wait_until_queued(300);

  EXPECT_EQ(counts(batch).live, 300u);
  EXPECT_EQ(notified_, 0xffffu) << "wakes became due in every partition";
}

TEST_F(ExpanderTest, AnUrgentBatchHasUrgentWakes) {
  enrol(300);
  put("hurry", [](storage::Batch& batch) { batch.priority = storage::Priority::urgent; });
  start();
  wait_until_queued(300);
  EXPECT_EQ(notified_urgent_, 0xffffu);
  EXPECT_EQ(notified_, 0u);
}

TEST_F(ExpanderTest, IsToldOfNewBatches) {
  enrol(50);
  const auto batch = put("all");
  start();
  wait_until_queued(50);
  const auto another = put("another");  // nothing else runs in the lanes
  expander_->changed(another);

  wait_until([&] { return expander_->statistics().queued == 100; }, "both batches");
  EXPECT_EQ(counts(another).live, 50u);
  EXPECT_EQ(counts(batch).live, 50u);
}

TEST_F(ExpanderTest, StoppedAndStartedAgainInTheMiddleItLeavesNoGapAndNoDouble) {
  enrol(400);
  std::vector<storage::BatchId> batches;
  for (int i = 0; i < 3; ++i) batches.push_back(put("batch-" + std::to_string(i)));
  ExpanderOptions options;
  options.chunk_enrolments_max = 5;
  start(options);
  for (int restart = 0; restart < 20; ++restart) {
    wait_until(
        [&] {
          const Statistics now = expander_->statistics();
          return now.chunks >= 3 || (now.chunks > 0 && now.unfinished == 0);
        },
        "some chunks");
    stop_expander();
    start_expander(options);
  }
  wait_until([&] { return counts(batches[2]).live + counts(batches[1]).live == 800; }, "the rest");
  wait_until([&] { return counts(batches[0]).live == 400; }, "the rest");
  stop_expander();
  for (const storage::BatchId& batch : batches) {
    EXPECT_THAT(fleet_.deliveries(batch), SizeIs(400));
    EXPECT_THAT(fleet_.deliveries(batch), Each(Pair(testing::_, 1u)));
  }
}

TEST_F(ExpanderTest, PauseStopsItAndResumeLetsItGoOn) {
  enrol(500);
  const auto batch = put("all", [](storage::Batch& of) { of.rate_per_second = 100; });
  start();
  wait_until([&] { return expander_->statistics().queued > 5; }, "a beginning");

  set(batch, BatchState::paused);
  wait_until([&] { return expander_->statistics().paused == 1; }, "the pause");
  const std::uint64_t before = counts(batch).live;
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  EXPECT_EQ(counts(batch).live, before);

  set(batch, BatchState::running);
  wait_until([&] { return counts(batch).live > before; }, "it to go on");
}

TEST_F(ExpanderTest, CancelledInTheMiddleNothingIsLeftLive) {
  enrol(500);
  const auto batch = put("all", [](storage::Batch& of) { of.rate_per_second = 200; });
  start();
  wait_until([&] { return expander_->statistics().queued > 5; }, "a beginning");

  set(batch, BatchState::cancelled);

  wait_until([&] { return expander_->statistics().unfinished == 0; }, "the withdrawal");
  const storage::BatchCounts found = counts(batch);
  EXPECT_EQ(found.live, 0u);
  EXPECT_GT(found.cancelled, 5u);
  EXPECT_TRUE(found.add_up());
}

TEST_F(ExpanderTest, CommitsThatFailAreTriedAgain) {
  enrol(100);
  const auto batch = put("all");
  store_.break_commits();
  start();
  wait_until([&] { return expander_->statistics().failures >= 2; }, "failures");
  store_.mend();
  wait_until_queued(100);
  EXPECT_EQ(counts(batch).live, 100u);
}

TEST_F(ExpanderTest, AStorageLaneThatIsFullIsAskedAgain) {
  enrol(40);
  const auto batch = put("all");
  StorageLanesOptions options;
  options.queue_capacity = 1;
  lanes_ = std::make_unique<StorageLanes>(store_, log_, options);
  // Keeps the lane busy and its queue full.
  std::binary_semaphore entered(0), leave(0), done(0), filler_done(0);
  ASSERT_TRUE(lanes_->submit({}, std::make_unique<Work>(
                                     [&](storage::Transaction&) {
                                       entered.release();
                                       leave.acquire();
                                     },
                                     done)));
  entered.acquire();
  ASSERT_TRUE(lanes_->submit({}, std::make_unique<Work>([](auto&) {}, filler_done)));
  start_expander();
  wait_until([&] { return expander_->statistics().failures >= 2; }, "refusals");
  leave.release();
  done.acquire();
  filler_done.acquire();

  wait_until_queued(40);
  EXPECT_EQ(counts(batch).live, 40u);
}

TEST_F(ExpanderTest, MoreChangesThanItCanTakeAreFoundInTheStore) {
  enrol(3);
  start();
  for (int i = 0; i < 20; ++i) {
    // More than its queue holds, faster than it reads: some of what follows finds no place.
    for (int other = 0; other < 5'000; ++other) expander_->changed({std::to_string(other)});
    const std::string id = "batch-" + std::to_string(i);
    in_lane({}, [&](storage::Transaction& transaction) {
      mdm::Command command;
      command.uuid.text = "command of " + id;
      ASSERT_TRUE(transaction.put_command(command, clock_.wall_now()));
      storage::Batch batch;
      batch.id.text = id;
      batch.command = command.uuid;
      batch.audience = storage::AudienceKind::all_users;
      ASSERT_TRUE(transaction.put_batch(batch, clock_.wall_now()));
    });
    expander_->changed({id});
  }
  const auto finished = [&] {
    const auto transaction = store_.begin();
    for (std::uint8_t index = 0; index < storage::Partition::count; ++index) {
      if (!transaction->unfinished_batches({index}, {}, 1).value().empty()) return false;
    }
    return true;
  };
  wait_until([&] { return expander_->statistics().unfinished == 0; }, "the expander to rest");
  wait_until(finished, "every batch");
}

TEST_F(ExpanderTest, MoreBatchesThanMayBeAreRefused) {
  enrol(1);
  ExpanderOptions options;
  options.unfinished_max = 2;
  for (const char* id : {"a", "b"}) {
    put(id, [](storage::Batch& batch) { batch.state = BatchState::paused; });
  }
  start(options);
  wait_until([&] { return expander_->statistics().unfinished == 2; }, "both to be read");

  const Result<void> admitted = expander_->admit();
  ASSERT_FALSE(admitted);
  EXPECT_EQ(admitted.error().code, ErrorCode::overloaded);
  set({"a"}, BatchState::cancelled);
  wait_until([&] { return expander_->admit().has_value(); }, "a place");
}

TEST_F(ExpanderTest, TheAgeOfTheOldestIsThatOfItsCreation) {
  enrol(5);
  const storage::Time now = clock_.wall_now();
  fleet_.put("old", now - 1h, [](storage::Batch& batch) { batch.rate_per_second = 1; });
  start();
  wait_until([&] { return expander_->statistics().expanding == 1; }, "it to be read");
  EXPECT_GE(expander_->statistics().oldest, 1h);
  EXPECT_LT(expander_->statistics().oldest, 1h + 1min);
}

}  // namespace
}  // namespace reveille::batch
