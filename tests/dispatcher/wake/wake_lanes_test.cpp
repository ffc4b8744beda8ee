#include "dispatcher/wake/wake_lanes.h"

#include <functional>
#include <latch>
#include <thread>

#include "dispatcher/runtime/bounded_queue.h"
#include "wake_world.h"

// The lanes with their threads, over real storage lanes; a thread answers for APNs.
namespace reveille::wake {
namespace {

// Takes up to `capacity` pushes and accepts each.
class FakeApns {
 public:
  explicit FakeApns(std::size_t capacity) : waiting_(capacity) {}

  bool submit(apns::Push& push) {
    return waiting_.try_push(std::move(push)) != BoundedQueue<apns::Push>::Pushed::full;
  }
  void answer_with(WakeLanes& lanes) {
    thread_ = std::jthread([this, &lanes](const std::stop_token& stop) {
      apns::Push push;
      while (!stop.stop_requested()) {
        if (!waiting_.try_pop(push)) {
          std::this_thread::yield();
          continue;
        }
        apns::PushOutcome outcome;
        outcome.ticket = push.ticket;
        outcome.response.emplace().status = 200;
        lanes.on_outcome(std::move(outcome));
      }
    });
  }
  // What was not answered yet never will be.
  void stop() {
    thread_ = {};
    apns::Push push;
    while (waiting_.try_pop(push)) {
    }
  }

 private:
  BoundedQueue<apns::Push> waiting_;
  std::jthread thread_;
};

class WakeLanesTest : public testing::Test {
 protected:
  WakeLanesTest() : store(storage::make_memory_store({})), fleet(*store) {}

  void start(const WakeOptions& options,
             const StorageLanesOptions& storage_options = {.lanes = 3}) {
    storage = std::make_unique<StorageLanes>(*store, log, storage_options);
    lanes = std::make_unique<WakeLanes>(*storage, clock, random, log, options);
    lanes->connect([this](apns::Push& push) { return apns.submit(push); });
    apns.answer_with(*lanes);
  }

  ~WakeLanesTest() override {
    apns.stop();
    if (lanes) lanes->stop();
  }

  // Gives up after a time that no working lane needs.
  static bool eventually(const std::function<bool()>& is_true) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!is_true()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

  static std::string name(int i) { return "device-" + std::to_string(i); }

  // Counts replies, from any thread.
  WakeReply counted() {
    return [this](const WakeResult& result) {
      ++replies;
      if (result.response) ++answered;
    };
  }

  Result<void> wake(storage::DueWake target) {
    WakeReply reply = counted();
    return lanes->wake(target, reply);
  }

  SystemClock clock;
  SystemRandomSource random;
  Log log{{.level = LogLevel::error, .format = LogFormat::json}};
  std::unique_ptr<storage::Store> store;
  Fleet fleet;
  FakeApns apns{64};
  std::unique_ptr<StorageLanes> storage;
  std::unique_ptr<WakeLanes> lanes;
  std::atomic<int> replies{0}, answered{0};
};

TEST_F(WakeLanesTest, WhoHasWorkInTheStoreIsPushedAtTheStartAndItsOutcomeRecorded) {
  constexpr int devices = 300;
  for (int i = 0; i < devices; ++i) {
    fleet.enrol(name(i), clock.wall_now());
    fleet.enqueue(name(i), clock.wall_now());
  }
  start({});
  lanes->start();
  const auto all_recorded = [&] {
    const Statistics statistics = lanes->statistics();
    return statistics.accepted == devices && statistics.in_flight == 0;
  };
  EXPECT_TRUE(eventually(all_recorded));
  apns.stop();
  lanes->stop();
  for (int i = 0; i < devices; ++i) EXPECT_EQ(fleet.wake_state(name(i)).attempts, 1u);
  EXPECT_EQ(lanes->statistics().pushed, static_cast<std::uint64_t>(devices));
}

TEST_F(WakeLanesTest, ANotifiedCommitIsPushedWithoutWaitingForATimer) {
  fleet.enrol("phone", clock.wall_now());
  start({});
  lanes->start();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 1; i <= 50; ++i) {
    const std::string id = name(i);
    fleet.enrol(id, clock.wall_now());
    fleet.enqueue(id, clock.wall_now());
    lanes->notify(partition_of(id));
    ASSERT_TRUE(
        eventually([&] { return lanes->statistics().accepted == static_cast<std::uint64_t>(i); }));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 25s) << "less than one reread";
}

TEST_F(WakeLanesTest, ManyThreadsAskAndEachGetsExactlyOneReply) {
  constexpr int devices = 40, threads = 4, asked_by_each = 200;
  for (int i = 0; i < devices; ++i) fleet.enrol(name(i), clock.wall_now());
  start({});
  lanes->start();
  std::vector<storage::DueWake> targets;
  for (int i = 0; i < devices; ++i) targets.push_back(fleet.target(name(i)));
  {
    std::vector<std::jthread> askers;
    for (int thread = 0; thread < threads; ++thread) {
      askers.emplace_back([&] {
        for (int i = 0; i < asked_by_each; ++i) {
          lanes->notify(partition_of(name(i % devices)));
          ASSERT_TRUE(wake(targets[static_cast<std::size_t>(i % devices)]));
        }
      });
    }
  }
  EXPECT_TRUE(eventually([&] { return replies == threads * asked_by_each; }));
  EXPECT_EQ(answered, replies);
  EXPECT_EQ(lanes->statistics().pushed + lanes->statistics().coalesced,
            static_cast<std::uint64_t>(threads * asked_by_each));
}

TEST_F(WakeLanesTest, AStopInTheMiddleLeavesNoReplyOut) {
  constexpr int devices = 50;
  for (int i = 0; i < devices; ++i) fleet.enrol(name(i), clock.wall_now());
  std::vector<storage::DueWake> targets;
  for (int i = 0; i < devices; ++i) targets.push_back(fleet.target(name(i)));
  for (int round = 0; round < 20; ++round) {
    replies = 0;
    start({.in_flight_max = 8, .requests_max = 16});
    lanes->start();
    std::atomic<int> taken{0};
    std::latch half_way(1);
    std::jthread asker([&] {
      for (int i = 0; i < 400; ++i) {
        if (wake(targets[static_cast<std::size_t>(i % devices)])) ++taken;
        if (i == 200) half_way.count_down();
      }
    });
    half_way.wait();
    if (round % 2 == 0) apns.stop();
    lanes->stop();
    asker.join();
    EXPECT_EQ(replies, taken);
    apns.stop();  // the next round's lanes must not get what these asked for
    lanes.reset();
  }
}

TEST_F(WakeLanesTest, AfterStopNothingIsTaken) {
  fleet.enrol("phone", clock.wall_now());
  start({});
  lanes->start();
  lanes->stop();
  const auto taken = wake(fleet.target("phone"));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::overloaded);
  EXPECT_EQ(replies, 0);
}

TEST_F(WakeLanesTest, LanesThatNeverStartedAnswerWhoAskedWhenTheyStop) {
  fleet.enrol("phone", clock.wall_now());
  start({});
  ASSERT_TRUE(wake(fleet.target("phone")));
  EXPECT_EQ(lanes->statistics().due.depth, 1u);
  lanes->stop();
  EXPECT_EQ(replies, 1);
  EXPECT_EQ(answered, 0);
}

TEST_F(WakeLanesTest, MoreRequestsThanWaitAreRefused) {
  fleet.enrol("phone", clock.wall_now());
  start({.requests_max = 2});
  ASSERT_TRUE(wake(fleet.target("phone")));
  ASSERT_TRUE(wake(fleet.target("phone")));
  EXPECT_FALSE(wake(fleet.target("phone")));
  lanes->stop();
  EXPECT_EQ(replies, 2);
}

TEST_F(WakeLanesTest, AFullLaneLeavesWhatItRefusesAsItWasAndStillTakesWhatIsUrgent) {
  fleet.enrol("phone", clock.wall_now());
  start({.requests_max = 1});
  ASSERT_TRUE(wake(fleet.target("phone")));
  storage::DueWake refused = fleet.target("phone");
  WakeReply reply = counted();
  ASSERT_FALSE(lanes->wake(refused, reply));
  EXPECT_EQ(refused.push_magic.text, "magic of phone");
  ASSERT_TRUE(reply);
  refused.priority = storage::Priority::urgent;
  EXPECT_TRUE(lanes->wake(refused, reply));
  lanes->stop();
  EXPECT_EQ(replies, 2);
}

class IdleJob final : public StorageJob {
 public:
  Result<void> run(storage::Transaction&) override { return {}; }
  void finish(Result<void>) override {}
};

TEST_F(WakeLanesTest, JobsThatAFullStorageLaneDropsAreHandedInAgain) {
  constexpr int devices = 100;
  for (int i = 0; i < devices; ++i) {
    fleet.enrol(name(i), clock.wall_now());
    fleet.enqueue(name(i), clock.wall_now());
  }
  start({}, {.lanes = 1, .queue_capacity = 1, .batch_max = 1});
  std::jthread crowd([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      static_cast<void>(storage->submit({}, std::make_unique<IdleJob>()));
    }
  });
  lanes->start();
  const auto refused = [&] { return storage->statistics().refused > 1'000; };
  EXPECT_TRUE(eventually(refused));
  crowd = {};
  const auto all_recorded = [&] {
    const Statistics statistics = lanes->statistics();
    return statistics.accepted == devices && statistics.in_flight == 0;
  };
  EXPECT_TRUE(eventually(all_recorded));
}

}  // namespace
}  // namespace reveille::wake
