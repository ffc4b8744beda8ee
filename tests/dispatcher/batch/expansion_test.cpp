#include "dispatcher/batch/expansion.h"

#include <random>
#include <set>

#include "tests/dispatcher/batch/batch_world.h"

namespace reveille::batch {
namespace {

using storage::BatchState;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

ExpanderOptions small_chunks(std::size_t enrolments = 10) {
  ExpanderOptions options;
  options.chunk_enrolments_max = enrolments;
  return options;
}

class ExpansionTest : public testing::Test {
 protected:
  void start(std::size_t lanes, std::size_t devices,
             const ExpanderOptions& options = small_chunks()) {
    world = std::make_unique<BatchWorld>(lanes, options);
    world->fleet.enrol(devices, world->clock.wall);
  }
  storage::BatchId begin(const std::string& id,
                         const std::function<void(storage::Batch&)>& change = {}) {
    const storage::BatchId batch = world->fleet.put(id, world->clock.wall, change);
    world->tell(batch);
    return batch;
  }
  void set(const storage::BatchId& batch, BatchState state) {
    world->fleet.set(batch, state, world->clock.wall);
    world->tell(batch);
  }
  std::uint64_t live(const storage::BatchId& batch) { return world->fleet.counts(batch).live; }
  std::size_t turns_of(const std::string& id) {
    return static_cast<std::size_t>(std::ranges::count(world->turns, id));
  }

  std::unique_ptr<BatchWorld> world;
};

auto rate(std::uint32_t per_second) {
  return [=](storage::Batch& batch) { batch.rate_per_second = per_second; };
}

auto urgent() {
  return [](storage::Batch& batch) { batch.priority = storage::Priority::urgent; };
}

TEST_F(ExpansionTest, ABatchReachesEveryoneOnce) {
  start(3, 100);
  const auto batch = begin("all");

  world->settle();

  const auto deliveries = world->fleet.deliveries(batch);
  EXPECT_THAT(deliveries, SizeIs(100));
  EXPECT_THAT(deliveries, Each(Pair(testing::_, 1u)));
  EXPECT_EQ(world->expansion->statistics().unfinished, 0u) << "nothing is left to be done here";
  EXPECT_EQ(world->expansion->next_at(world->now()), Clock::SteadyTime::max());
}

TEST_F(ExpansionTest, NoChunkQueuesMoreThanItsSize) {
  start(2, 100, small_chunks(7));
  begin("all");
  world->settle();
  EXPECT_THAT(world->sizes, Each(testing::Le(7u)));
}

TEST_F(ExpansionTest, AFewIdsNeedOneChunkOfEachLane) {
  start(2, 20, small_chunks(512));
  const auto batch = world->fleet.put_for("few", 20, world->clock.wall);
  world->tell(batch);

  world->settle();

  EXPECT_EQ(live(batch), 20u);
  EXPECT_EQ(turns_of("few"), 2u);
}

TEST_F(ExpansionTest, BatchesTakeTurnsSoThatASmallOneDoesNotWaitForABigOne) {
  start(1, 200);
  begin("a");
  begin("b");

  for (int i = 0; i < 6; ++i) world->step();

  EXPECT_THAT(world->turns, ElementsAre("a", "b", "a", "b", "a", "b"));
}

TEST_F(ExpansionTest, UrgentBatchesGoFirst) {
  start(1, 200);
  const auto bulk = begin("bulk");
  world->step();
  const auto hurry = begin("hurry", urgent());

  const std::size_t before = live(bulk);
  while (live(hurry) < 200) ASSERT_TRUE(world->step());

  EXPECT_EQ(live(bulk), before) << "bulk waits until the urgent one is expanded";
  world->settle();
  EXPECT_EQ(live(bulk), 200u);
}

TEST_F(ExpansionTest, AnUrgentBatchThatWaitsForItsRateHoldsNobodyUp) {
  start(1, 200);
  const auto hurry = begin("hurry", [](storage::Batch& batch) {
    batch.priority = storage::Priority::urgent;
    batch.rate_per_second = 5;
  });
  const auto bulk = begin("bulk");
  world->settle();
  EXPECT_EQ(live(hurry), 1u);
  EXPECT_EQ(live(bulk), 200u);
}

TEST_F(ExpansionTest, TheRateIsKeptOverAllLanes) {
  start(4, 2'000, small_chunks(512));
  const auto batch = begin("slow", rate(100));

  std::uint64_t before = 0;
  for (int second = 0; second < 10; ++second) {
    world->pass(1s);
    const std::uint64_t now = live(batch);
    EXPECT_LE(now - before, 121u) << "a second's worth, and what may come at once";
    before = now;
  }
  EXPECT_LE(before, 1'021u);
  EXPECT_GE(before, 980u);
}

TEST_F(ExpansionTest, ARateOfOneReachesEveryoneInTheEnd) {
  start(2, 12);
  const auto batch = begin("slow", rate(1));
  world->pass(5s);
  EXPECT_EQ(live(batch), 6u);
  world->pass(60s);
  EXPECT_EQ(live(batch), 12u);
  EXPECT_EQ(world->expansion->statistics().unfinished, 0u);
}

TEST_F(ExpansionTest, TheRateCountsDeliveriesNotEnrolmentsThatGetNone) {
  start(1, 40, small_chunks(100));
  const auto batch = world->fleet.put_for("few", 500, world->clock.wall, rate(20));
  world->tell(batch);
  world->pass(3s);
  EXPECT_EQ(live(batch), 40u);
  EXPECT_EQ(world->fleet.counts(batch).not_found, 460u);
}

TEST_F(ExpansionTest, APausedBatchStopsWithinAChunkAndGoesOnWhenResumed) {
  start(2, 200);
  const auto batch = begin("all");
  world->step();
  world->step();
  const std::uint64_t before = live(batch);

  world->fleet.set(batch, BatchState::paused, world->clock.wall);
  world->settle();  // the expansion has not heard of it: the lanes look for themselves
  EXPECT_EQ(live(batch), before);
  world->tell(batch);
  world->pass(60s);
  EXPECT_EQ(live(batch), before);
  EXPECT_EQ(world->expansion->statistics().paused, 1u);

  set(batch, BatchState::running);
  world->pass(1s);
  EXPECT_EQ(live(batch), 200u);
  EXPECT_THAT(world->fleet.deliveries(batch), Each(Pair(testing::_, 1u)));
}

TEST_F(ExpansionTest, ACancelledBatchLeavesNoLiveDelivery) {
  start(2, 200);
  const auto batch = begin("all");
  for (int i = 0; i < 5; ++i) world->step();
  ASSERT_GT(live(batch), 0u);

  set(batch, BatchState::cancelled);
  EXPECT_EQ(world->expansion->statistics().withdrawing, 1u);
  world->settle();

  const storage::BatchCounts counts = world->fleet.counts(batch);
  EXPECT_EQ(counts.live, 0u);
  EXPECT_GT(counts.cancelled, 0u);
  EXPECT_TRUE(counts.is_done());
  EXPECT_EQ(world->expansion->statistics().unfinished, 0u);
}

TEST_F(ExpansionTest, ABatchIsCancelledThatWasExpandedLongAgo) {
  start(2, 50);
  const auto batch = begin("all");
  world->settle();
  ASSERT_EQ(world->expansion->statistics().unfinished, 0u);

  set(batch, BatchState::cancelled);
  world->settle();

  EXPECT_EQ(world->fleet.counts(batch).cancelled, 50u);
}

TEST_F(ExpansionTest, ACancelledBatchIsWithdrawnWithoutRegardToItsRate) {
  start(1, 100);
  const auto batch = begin("slow", rate(50));
  world->pass(1s);
  ASSERT_GT(live(batch), 30u);
  set(batch, BatchState::cancelled);
  world->settle();
  EXPECT_EQ(live(batch), 0u);
}

TEST_F(ExpansionTest, AChunkThatWasOnItsWayWhenTheBatchWasCancelledIsWithdrawnToo) {
  start(1, 100);
  const auto batch = begin("all");
  const Chunk chunk = world->take();
  const ChunkResult late = world->carry(chunk);
  set(batch, BatchState::cancelled);

  world->expansion->answered(late, world->now());
  world->settle();

  EXPECT_EQ(live(batch), 0u);
  EXPECT_EQ(world->fleet.counts(batch).cancelled, 10u);
}

TEST_F(ExpansionTest, AnExpiredBatchIsTakenBackInTheMiddleOfItsExpansion) {
  start(2, 200);
  const auto batch = begin("slow", [&](storage::Batch& of) {
    of.rate_per_second = 10;
    of.expires_at = world->clock.wall + 5s;
  });
  world->pass(4s);
  ASSERT_GT(live(batch), 30u);

  world->pass(2s);

  const storage::BatchCounts counts = world->fleet.counts(batch);
  EXPECT_EQ(counts.live, 0u);
  EXPECT_GT(counts.expired, 30u);
  EXPECT_EQ(world->expansion->statistics().unfinished, 0u);
}

TEST_F(ExpansionTest, WhatIsExpandedAwaitsItsExpiryAndIsTakenBackThen) {
  start(2, 50);
  const auto batch =
      begin("all", [&](storage::Batch& of) { of.expires_at = world->clock.wall + 1h; });
  world->settle();
  EXPECT_EQ(world->expansion->statistics().awaiting_expiry, 1u);
  EXPECT_FALSE(world->expansion->oldest_created_at()) << "it is not at work";
  EXPECT_EQ(world->expansion->next_at(world->now()),
            world->clock.steady + Expansion::look_interval);

  world->pass(30min);
  EXPECT_EQ(world->expansion->statistics().awaiting_expiry, 1u);
  world->pass(30min);

  EXPECT_EQ(world->fleet.counts(batch).expired, 50u);
  EXPECT_EQ(world->expansion->statistics().unfinished, 0u);
}

TEST_F(ExpansionTest, OneWithAnExpiryIsDoneOnceEveryoneHasAnswered) {
  start(2, 20);
  const auto batch =
      begin("all", [&](storage::Batch& of) { of.expires_at = world->clock.wall + 24h * 30; });
  world->settle();
  ASSERT_EQ(world->expansion->statistics().awaiting_expiry, 1u);

  world->fleet.answer_all(world->clock.wall);
  world->pass(Expansion::look_interval);

  EXPECT_EQ(live(batch), 0u);
  EXPECT_EQ(world->expansion->statistics().unfinished, 0u);
  EXPECT_EQ(world->expansion->next_at(world->now()), Clock::SteadyTime::max());
}

TEST_F(ExpansionTest, APausedBatchExpiresAsWell) {
  start(1, 50);
  const auto batch =
      begin("all", [&](storage::Batch& of) { of.expires_at = world->clock.wall + 10s; });
  world->step();
  set(batch, BatchState::paused);
  world->pass(11s);
  EXPECT_EQ(world->fleet.counts(batch).expired, 10u);
  EXPECT_EQ(world->expansion->statistics().unfinished, 0u);
}

TEST_F(ExpansionTest, ACrashAtAnyStepLeavesNoGapAndNoDouble) {
  std::mt19937 dice(20'260'115);
  for (int round = 0; round < 8; ++round) {
    start(1 + round % 4, 50, small_chunks(1 + dice() % 20));
    const auto all = begin("all");
    const auto some = world->fleet.put_for("some", 70, world->clock.wall, rate(1'000));
    world->tell(some);
    for (int crashes = 0; crashes < 30; ++crashes) {
      for (auto steps = dice() % 6; steps > 0; --steps) world->step();
      world->restart();
      world->clock.pass(std::chrono::milliseconds(dice() % 50));
    }
    world->pass(1s);
    EXPECT_THAT(world->fleet.deliveries(all), SizeIs(50));
    EXPECT_THAT(world->fleet.deliveries(all), Each(Pair(testing::_, 1u)));
    EXPECT_THAT(world->fleet.deliveries(some), SizeIs(50));
    EXPECT_THAT(world->fleet.deliveries(some), Each(Pair(testing::_, 1u)));
    EXPECT_EQ(world->fleet.counts(some).not_found, 20u);
  }
}

TEST_F(ExpansionTest, RestartsInARowDoNotExceedTheRate) {
  start(2, 500, small_chunks(512));
  const auto batch = begin("slow", rate(50));
  for (int i = 0; i < 20; ++i) {
    world->pass(200ms);
    world->restart();
  }
  EXPECT_LE(live(batch), 4u * 50u + 20u) << "four seconds' worth, and one for each restart";
  EXPECT_GE(live(batch), 100u) << "and yet it goes on";
}

TEST_F(ExpansionTest, ARestartInTheMiddleOfACancelGoesOnWithIt) {
  start(2, 200);
  const auto batch = begin("all");
  world->settle();
  set(batch, BatchState::cancelled);
  world->step();
  world->step();
  ASSERT_GT(live(batch), 0u);

  world->restart();
  world->settle();

  EXPECT_EQ(live(batch), 0u);
  EXPECT_EQ(world->fleet.counts(batch).cancelled, 200u);
}

TEST_F(ExpansionTest, AFailedChunkIsTriedAgainAtGrowingIntervals) {
  start(1, 30);
  const auto batch = begin("all");
  std::vector<std::chrono::nanoseconds> waits;
  for (int i = 0; i < 10; ++i) {
    ChunkResult failed;
    failed.chunk = world->take();
    failed.outcome = failure(ErrorCode::unavailable, "the disk is full");
    world->expansion->answered(failed, world->now());
    EXPECT_FALSE(world->expansion->next(0, world->now()));
    const auto next = world->expansion->next_at(world->now());
    waits.push_back(next - world->clock.steady);
    world->clock.pass(std::chrono::ceil<std::chrono::milliseconds>(waits.back()));
  }
  EXPECT_EQ(waits.front(), 100ms);
  EXPECT_TRUE(std::ranges::is_sorted(waits));
  EXPECT_EQ(waits.back(), 10s);

  world->settle();
  EXPECT_EQ(live(batch), 30u);
  EXPECT_EQ(world->expansion->statistics().failures, 10u);
}

TEST_F(ExpansionTest, ABatchWhoseRowsAreCorruptDoesNotStopTheOthers) {
  start(1, 300);
  begin("broken");
  const auto sound = begin("sound");
  int failures = 0;
  for (int i = 0; i < 2'000 && live(sound) < 300; ++i) {
    const auto chunk = world->expansion->next(0, world->now());
    if (!chunk) {
      world->clock.pass(50ms);
      continue;
    }
    ChunkResult result;
    result.chunk = *chunk;
    if (chunk->batch.text == "broken") {
      ++failures;
      result.outcome = failure(ErrorCode::corrupt, "a row fails its check");
    } else {
      result = world->carry(*chunk);
    }
    world->expansion->answered(result, world->now());
  }
  EXPECT_EQ(live(sound), 300u);
  EXPECT_LE(failures, 12) << "it backs off by itself";
}

TEST_F(ExpansionTest, ABatchThatTheStoreLostIsForgotten) {
  start(1, 10);
  begin("lost");
  ChunkResult result;
  result.chunk = world->take();
  result.outcome = failure(ErrorCode::not_found, "no batch lost");
  world->expansion->answered(result, world->now());
  EXPECT_EQ(world->expansion->statistics().unfinished, 0u);
}

TEST_F(ExpansionTest, WhileOthersUseTheLaneMostOfItsTimeIsTheirs) {
  ExpanderOptions options = small_chunks();
  options.busy_share_percent = 20;
  start(1, 100, options);
  begin("all");
  ChunkResult result = world->carry(world->take());
  result.run_time = 3ms;
  result.lane_is_shared = true;
  world->expansion->answered(result, world->now());

  EXPECT_FALSE(world->expansion->next(0, world->now()));
  // 3 ms to change and about 3 ms to commit are a fifth of the whole.
  EXPECT_EQ(world->expansion->next_at(world->now()), world->clock.steady + 24ms);
  EXPECT_EQ(world->expansion->statistics().yields, 1u);
  world->clock.pass(24ms);
  result = world->carry(world->take());
  result.run_time = 3ms;
  world->expansion->answered(result, world->now());
  EXPECT_TRUE(world->expansion->next(0, world->now())) << "alone, it takes all of it";
}

TEST_F(ExpansionTest, ALaneHasNoMoreChunksThanItMay) {
  ExpanderOptions options = small_chunks();
  options.chunks_in_flight_max = 2;
  start(1, 100, options);
  for (const char* id : {"a", "b", "c"}) begin(id);
  world->take();
  world->take();
  EXPECT_FALSE(world->expansion->next(0, world->now()));
  EXPECT_EQ(world->expansion->statistics().chunks_in_flight, 2u);
}

TEST_F(ExpansionTest, TheOldestAtWorkIsKnown) {
  start(1, 100);
  const storage::Time first = world->clock.wall;
  const auto a = begin("a");
  world->clock.pass(1min);
  begin("b");
  EXPECT_EQ(world->expansion->oldest_created_at(), first);
  set(a, BatchState::paused);
  EXPECT_EQ(world->expansion->oldest_created_at(), first + 1min) << "a paused one is not at work";
}

TEST_F(ExpansionTest, ThousandsOfBatchesAreCarriedOutInTurns) {
  start(2, 4, small_chunks(512));
  for (int i = 0; i < 3'000; ++i) begin("batch-" + std::to_string(i));
  EXPECT_EQ(world->expansion->statistics().expanding, 3'000u);

  world->settle();

  EXPECT_EQ(world->expansion->statistics().unfinished, 0u);
  EXPECT_EQ(world->turns.size(), 6'000u) << "a chunk of each lane";
  const std::set<std::string> first_half(world->turns.begin(), world->turns.begin() + 3'000);
  EXPECT_GE(first_half.size(), 1'500u);
}

TEST_F(ExpansionTest, BatchesThatWaitForTheirRateCostNothingMeanwhile) {
  start(1, 40, small_chunks(512));
  for (int i = 0; i < 900; ++i) begin("batch-" + std::to_string(i), rate(1));
  world->settle();
  EXPECT_EQ(world->turns.size(), 900u);
  world->clock.pass(500ms);
  EXPECT_FALSE(world->step());
}

}  // namespace
}  // namespace reveille::batch
