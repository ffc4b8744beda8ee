#include "dispatcher/batch/reading.h"

#include "tests/dispatcher/batch/batch_world.h"

namespace reveille::batch {
namespace {

class ReadingTest : public testing::Test {
 protected:
  Moment now() const { return Moment::now(clock); }

  // Answers every listing, with `ids` in the first partition, until none is asked for.
  std::size_t list(const std::vector<std::string>& ids = {}) {
    std::size_t listings = 0;
    while (auto listing = reading.next_listing(now())) {
      ++listings;
      if (listing->partition.index == 0) {
        for (const std::string& id : ids) {
          if (storage::BatchId{id} <= listing->after) continue;
          if (listing->ids.size() < Listing::ids_max) listing->ids.push_back({id});
        }
      }
      reading.answered(*std::move(listing), now());
    }
    return listings;
  }

  HandClock clock;
  Reading reading;
};

TEST_F(ReadingTest, EveryPartitionIsListedOnceAtTheStart) {
  EXPECT_EQ(list(), storage::Partition::count);
  EXPECT_FALSE(reading.next_lookup(now()));
  EXPECT_EQ(reading.next_at(), Clock::SteadyTime::max());
}

TEST_F(ReadingTest, WhatIsListedIsLookedUpWithWhereItWasFound) {
  list({"a"});
  const auto lookup = reading.next_lookup(now());
  ASSERT_TRUE(lookup);
  ASSERT_EQ(lookup->wanted.size(), 1u);
  EXPECT_EQ(lookup->wanted[0].id.text, "a");
  EXPECT_TRUE(lookup->wanted[0].unfinished[0]);
  EXPECT_EQ(lookup->wanted[0].unfinished.count(), 1u);
  EXPECT_FALSE(lookup->wanted[0].changed);
}

TEST_F(ReadingTest, ListingsGoOnWhereAPageEndedAndWaitWhileMuchIsWanted) {
  std::vector<std::string> ids;
  for (int i = 1'000; i < 3'000; ++i) ids.push_back(std::to_string(i));
  std::size_t found = 0;
  for (int rounds = 0; rounds < 1'000; ++rounds) {
    list(ids);
    auto lookup = reading.next_lookup(now());
    if (!lookup) break;
    EXPECT_LE(lookup->wanted.size(), Lookup::ids_max);
    found += lookup->wanted.size();
    reading.answered(*std::move(lookup), now());
  }
  EXPECT_EQ(found, ids.size());
}

TEST_F(ReadingTest, AnyNumberOfChangesIsOneLookupAndOneAtATime) {
  list();
  reading.want({"a"});
  reading.want({"a"});
  auto lookup = reading.next_lookup(now());
  ASSERT_TRUE(lookup);
  EXPECT_EQ(lookup->wanted.size(), 1u);
  reading.want({"a"});
  EXPECT_FALSE(reading.next_lookup(now())) << "its answer might be older than this one's";
  reading.answered(*std::move(lookup), now());
  EXPECT_TRUE(reading.next_lookup(now()));
}

TEST_F(ReadingTest, WhatFailsIsTriedAgainAndNothingIsForgotten) {
  list({"a"});
  reading.want({"b"});
  auto lookup = reading.next_lookup(now());
  ASSERT_TRUE(lookup);
  lookup->outcome = failure(ErrorCode::unavailable, "no");
  reading.answered(*std::move(lookup), now());

  EXPECT_FALSE(reading.next_lookup(now()));
  EXPECT_EQ(reading.next_at(), clock.steady + 100ms);
  clock.pass(100ms);
  lookup = reading.next_lookup(now());
  ASSERT_TRUE(lookup);
  ASSERT_EQ(lookup->wanted.size(), 2u);
  EXPECT_TRUE(lookup->wanted[0].unfinished[0]);
  EXPECT_TRUE(lookup->wanted[1].changed);
}

TEST_F(ReadingTest, AListingThatFailedIsTheNextOne) {
  auto listing = reading.next_listing(now());
  ASSERT_TRUE(listing);
  listing->outcome = failure(ErrorCode::overloaded, "full");
  reading.answered(*std::move(listing), now());
  EXPECT_FALSE(reading.next_listing(now()));
  clock.pass(100ms);
  EXPECT_EQ(list(), storage::Partition::count);
}

TEST_F(ReadingTest, AfterALossEverythingIsListedAgainFromTheBeginning) {
  list();
  reading.list_all();
  auto old = reading.next_listing(now());
  ASSERT_TRUE(old);
  reading.list_all();
  reading.answered(*std::move(old), now());
  EXPECT_EQ(list(), storage::Partition::count) << "the page that was on its way does not count";
}

}  // namespace
}  // namespace reveille::batch
