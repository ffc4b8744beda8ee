#include "dispatcher/wake/due.h"

#include <algorithm>

#include "wake_world.h"

namespace reveille::wake {
namespace {

using Ids = std::vector<std::string>;

// Two ids of each partition, so that tests can choose.
std::vector<std::string> ids_in(storage::Partition partition, std::size_t count) {
  std::vector<std::string> ids;
  for (int i = 0; ids.size() < count; ++i) {
    const std::string id = "device-" + std::to_string(i);
    if (partition_of(id) == partition) ids.push_back(id);
  }
  return ids;
}

class DueTest : public testing::Test {
 protected:
  DueTest() : store(storage::make_memory_store({})), fleet(*store) {}

  void make_due(const std::string& id, std::chrono::seconds ago,
                storage::Priority priority = storage::Priority::bulk) {
    fleet.enrol(id, now.wall - ago);
    fleet.enqueue(id, now.wall - ago, priority);
  }

  DueRead look(std::size_t wakes_max, std::size_t urgent = 0) {
    EXPECT_TRUE(reader.wants_look(now));
    DueRead read;
    reader.order_look(read, wakes_max, now, urgent);
    EXPECT_TRUE(read_due(*store->begin(), read, now.wall));
    return read;
  }
  // Takes the first `urgent` of the first part, which are the urgent ones.
  void take_look(const DueRead& read, std::size_t urgent) {
    const DueRead::Part& part = read.parts.front();
    const bool all = urgent == part.wakes.size();
    std::optional<storage::WakeCursor> last;
    if (all) last = storage::cursor_at(part.wakes.back());
    reader.looked(part, part.wakes.size(), last, now);
  }

  DueRead read(std::size_t wakes_max) {
    EXPECT_TRUE(reader.wants_read(now));
    DueRead read;
    reader.order(read, wakes_max, now, in_flight);
    EXPECT_TRUE(read_due(*store->begin(), read, now.wall));
    return read;
  }

  static Ids ids_of(const DueRead& read) {
    Ids ids;
    for (const DueRead::Part& part : read.parts) {
      for (const storage::DueWake& wake : part.wakes) ids.push_back(wake.enrolment.text());
    }
    return ids;
  }

  // Takes the first `taken` of each part.
  void answer(const DueRead& read, std::size_t taken_max = 1'000) {
    for (const DueRead::Part& part : read.parts) {
      const std::size_t taken = std::min(taken_max, part.wakes.size());
      std::optional<storage::WakeCursor> last;
      if (taken > 0) last = storage::cursor_at(part.wakes[taken - 1]);
      reader.answered(part, taken, last);
    }
  }

  void pass(std::chrono::milliseconds time) {
    now.wall += time;
    now.steady += time;
  }

  Moment now{storage::Time{std::chrono::milliseconds(1'700'000'000'000)}, Clock::SteadyTime{} + 1h};
  std::unique_ptr<storage::Store> store;
  Fleet fleet;
  DueReader reader{{{0}, {1}}};
  std::size_t in_flight = 0;
};

TEST_F(DueTest, AReadTakesNoMoreThanItsLimitAndTheNextOneGoesOnBehindIt) {
  const Ids ids = ids_in({0}, 3);
  for (std::size_t i = 0; i < 3; ++i) make_due(ids[i], std::chrono::seconds(30 - i));

  DueRead first = read(2);
  EXPECT_EQ(ids_of(first), (Ids{ids[0], ids[1]}));
  EXPECT_FALSE(first.parts[0].is_whole);
  answer(first);
  DueRead second = read(2);
  EXPECT_EQ(ids_of(second), Ids{ids[2]});
  answer(second);
  EXPECT_FALSE(reader.wants_read(now));
}

TEST_F(DueTest, WhatWasNotTakenIsReadAgain) {
  const Ids ids = ids_in({0}, 3);
  for (std::size_t i = 0; i < 3; ++i) make_due(ids[i], std::chrono::seconds(30 - i));
  answer(read(10), 1);
  EXPECT_EQ(ids_of(read(10)), (Ids{ids[1], ids[2]}));
}

TEST_F(DueTest, APartitionWithMuchToDoDoesNotKeepTheOtherFromItsTurn) {
  for (const std::string& id : ids_in({0}, 20)) make_due(id, 30s);
  const std::string other = ids_in({1}, 1).front();
  make_due(other, 1s);
  Ids seen;
  for (int i = 0; i < 3 && std::ranges::find(seen, other) == seen.end(); ++i) {
    const DueRead part = read(2);
    std::ranges::copy(ids_of(part), std::back_inserter(seen));
    answer(part);
  }
  EXPECT_NE(std::ranges::find(seen, other), seen.end());
}

TEST_F(DueTest, ANotifiedPartitionIsReadFromItsFirstRowAndTheOtherIsNot) {
  const Ids ids = ids_in({0}, 2);
  make_due(ids[0], 10s);
  make_due(ids_in({1}, 1).front(), 10s);
  answer(read(10));
  make_due(ids[1], 20s);  // behind the cursor
  reader.notify({0});
  DueRead again = read(10);
  EXPECT_EQ(ids_of(again), (Ids{ids[1], ids[0]}));
}

// ---- looks for urgent ones ----

TEST_F(DueTest, AnUrgentWakeIsLookedForHoweverMuchIsInFlight) {
  const Ids ids = ids_in({0}, 3);
  make_due(ids[0], 30s);
  in_flight = 8'000;
  answer(read(10));
  make_due(ids[1], 20s, storage::Priority::urgent);
  reader.notify({0}, storage::Priority::urgent);

  EXPECT_FALSE(reader.wants_read(now)) << "bulk is left alone";
  EXPECT_EQ(ids_of(look(1)), Ids{ids[1]});
}

TEST_F(DueTest, ALookGoesOnPageByPageUntilItMeetsBulk) {
  const Ids ids = ids_in({0}, 5);
  for (std::size_t i = 0; i < 4; ++i) {
    make_due(ids[i], std::chrono::seconds(30 - i), storage::Priority::urgent);
  }
  make_due(ids[4], 40s);
  reader.notify({0}, storage::Priority::urgent);
  DueRead first = look(3);
  EXPECT_EQ(ids_of(first), (Ids{ids[0], ids[1], ids[2]}));
  take_look(first, 3);
  DueRead second = look(3);
  EXPECT_EQ(ids_of(second), (Ids{ids[3], ids[4]}));
  take_look(second, 1);
  EXPECT_FALSE(reader.wants_look(now));
  EXPECT_TRUE(reader.wants_read(now)) << "the cursor is where it was";
}

TEST_F(DueTest, WhatALookCouldNotTakeIsLookedForAgain) {
  const Ids ids = ids_in({0}, 2);
  for (const std::string& id : ids) make_due(id, 30s, storage::Priority::urgent);
  reader.notify({0}, storage::Priority::urgent);
  reader.looked(look(5).parts[0], 1, std::nullopt, now);
  EXPECT_EQ(ids_of(look(5)).size(), 2u);
}

// As urgent work does within the coalescing time of a push: it is due as bulk, in a while.
TEST_F(DueTest, ALookThatFindsNothingUrgentTellsWhatIsDueLater) {
  answer(read(10));
  const std::string id = ids_in({0}, 1).front();
  make_due(id, -5s);
  reader.notify({0}, storage::Priority::urgent);
  const DueRead looked = look(10);
  EXPECT_TRUE(ids_of(looked).empty());
  reader.looked(looked.parts[0], 0, std::nullopt, now);
  EXPECT_FALSE(reader.wants_look(now));
  EXPECT_EQ(reader.next_at(now), now.steady + 5s);
  pass(5s);
  EXPECT_EQ(ids_of(read(10)), Ids{id});
}

TEST_F(DueTest, ALookAmongBulkTellsWhatIsDueLaterToo) {
  const Ids ids = ids_in({0}, 3);
  make_due(ids[0], 20s);
  make_due(ids[1], 10s);
  answer(read(10));
  make_due(ids[2], -5s);
  reader.notify({0}, storage::Priority::urgent);
  const DueRead looked = look(1);
  EXPECT_EQ(ids_of(looked), Ids{ids[0]});
  reader.looked(looked.parts[0], 1, std::nullopt, now);
  EXPECT_EQ(reader.next_at(now), now.steady + 5s);
}

TEST_F(DueTest, LooksKeepADistanceThatGrowsWithTheUrgentOnesInFlight) {
  const std::string id = ids_in({0}, 1).front();
  make_due(id, 1s, storage::Priority::urgent);
  reader.notify({0}, storage::Priority::urgent);
  take_look(look(10, 1'600), 1);
  reader.notify({0}, storage::Priority::urgent);
  EXPECT_FALSE(reader.wants_look(now));
  EXPECT_EQ(reader.next_look_at(), now.steady + 100ms);
  pass(100ms);
  EXPECT_TRUE(reader.wants_look(now));
}

TEST_F(DueTest, ALookThatFailedIsTriedAgainLater) {
  const std::string id = ids_in({0}, 1).front();
  make_due(id, 1s, storage::Priority::urgent);
  reader.notify({0}, storage::Priority::urgent);
  reader.failed(look(10), now);
  EXPECT_FALSE(reader.wants_look(now));
  pass(100ms);
  EXPECT_EQ(ids_of(look(10)), Ids{id});
}

TEST_F(DueTest, ANotificationDuringAReadIsNotTakenBackByItsAnswer) {
  DueRead early = read(10);
  reader.notify({0});
  answer(early);
  EXPECT_TRUE(reader.wants_read(now));
}

TEST_F(DueTest, ReadsFromTheFirstRowKeepADistanceThatGrowsWithWhatIsInFlight) {
  in_flight = 8'000;
  answer(read(10));
  reader.notify({0});
  EXPECT_FALSE(reader.wants_read(now));
  EXPECT_EQ(reader.next_at(now), now.steady + 500ms);
  pass(500ms);
  EXPECT_TRUE(reader.wants_read(now));

  in_flight = 3;
  answer(read(10));
  reader.notify({0});
  EXPECT_TRUE(reader.wants_read(now)) << "a quiet lane reads at once";
}

TEST_F(DueTest, ARecordedWakeIsReadWhenItsTimeComes) {
  answer(read(10));
  reader.expect({1}, now.wall + 5s);
  EXPECT_EQ(reader.next_at(now), now.steady + 5s);
  pass(5s);
  EXPECT_TRUE(reader.wants_read(now));
}

TEST_F(DueTest, ARecordedWakeBehindTheCursorMakesItReadFromTheFirstRow) {
  make_due(ids_in({0}, 1).front(), 1s);
  answer(read(10));
  EXPECT_FALSE(reader.wants_read(now));
  reader.expect({0}, now.wall - 2s);
  EXPECT_TRUE(reader.wants_read(now));
}

TEST_F(DueTest, AFailedSharedReadIsTriedAloneSoThatADamagedPartitionHoldsNoOtherUp) {
  DueRead both = read(10);
  ASSERT_EQ(both.parts.size(), 2u);
  reader.failed(both, now);

  DueRead alone = read(10);
  ASSERT_EQ(alone.parts.size(), 1u);
  const storage::Partition damaged = alone.parts[0].partition;
  reader.failed(alone, now);

  DueRead other = read(10);
  ASSERT_EQ(other.parts.size(), 1u);
  EXPECT_NE(other.parts[0].partition, damaged);
  answer(other);
  EXPECT_FALSE(reader.wants_read(now)) << "the damaged one rests";
  pass(100ms);
  EXPECT_TRUE(reader.wants_read(now));
}

TEST_F(DueTest, TellsHowLateTheOldestUnreadWakeIs) {
  const Ids ids = ids_in({0}, 3);
  for (std::size_t i = 0; i < 3; ++i) make_due(ids[i], std::chrono::seconds(30 - i));
  EXPECT_EQ(reader.lag(now), 0ms);
  answer(read(1));
  EXPECT_EQ(reader.lag(now), 30s) << "at least as late as the last that was read";
  answer(read(10));
  EXPECT_EQ(reader.lag(now), 0ms);
}

}  // namespace
}  // namespace reveille::wake
