#include "dispatcher/runtime/random_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace reveille {
namespace {

// Gives what it was told, again and again.
class Scripted final : public RandomSource {
 public:
  explicit Scripted(Bytes script) : script_(std::move(script)) {}
  Bytes bytes(std::size_t count) override {
    Bytes result;
    for (std::size_t i = 0; i < count; ++i) result.push_back(script_[position_++ % script_.size()]);
    return result;
  }

 private:
  Bytes script_;
  std::size_t position_ = 0;
};

TEST(RandomSourceTest, GivesAsManyBytesAsAskedAndNeverTheSame) {
  SystemRandomSource random;
  EXPECT_EQ(random.bytes(0).size(), 0u);
  EXPECT_EQ(random.bytes(33).size(), 33u);
  EXPECT_NE(random.bytes(16), random.bytes(16));
}

TEST(RandomSourceTest, BelowReachesEveryNumberOfItsRangeAlike) {
  SystemRandomSource random;
  std::map<std::uint64_t, int> counts;
  for (int i = 0; i < 7'000; ++i) ++counts[random.below(7)];
  ASSERT_EQ(counts.size(), 7u);
  EXPECT_EQ(counts.rbegin()->first, 6u);
  for (const auto& [number, count] : counts) EXPECT_NEAR(count, 1'000, 200) << number;
}

TEST(RandomSourceTest, BelowOneIsZero) {
  SystemRandomSource random;
  EXPECT_EQ(random.below(1), 0u);
}

TEST(RandomSourceTest, BelowDropsWhatWouldFavourSmallResults) {
  // 2^64 - 1 is above the last whole multiple of 10: the next eight bytes decide.
  Scripted random(Bytes(8, '\xff') + Bytes(7, '\0') + '\x2a');
  EXPECT_EQ(random.below(10), 2u);
}

TEST(RandomSourceTest, AUuidIsOfVersionFourInLowerCase) {
  Scripted ones(Bytes(1, '\xff')), zeros(Bytes(1, '\0'));
  EXPECT_EQ(ones.uuid(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
  EXPECT_EQ(zeros.uuid(), "00000000-0000-4000-8000-000000000000");

  SystemRandomSource random;
  std::set<std::string> uuids;
  for (int i = 0; i < 1'000; ++i) uuids.insert(random.uuid());
  EXPECT_EQ(uuids.size(), 1'000u);
  EXPECT_THAT(*uuids.begin(),
              testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-"
                                    "[0-9a-f]{12}"));
}

TEST(RandomSourceTest, AUuidOfATimeSortsBehindThoseOfEarlierTimes) {
  Scripted ones(Bytes(1, '\xff'));
  using Time = std::chrono::sys_time<std::chrono::milliseconds>;
  // RFC 9562, appendix A.6: February 22, 2022 2:22:22.00 PM GMT-05:00.
  EXPECT_EQ(ones.uuid_of(Time(std::chrono::milliseconds(0x017f22e279b0))),
            "017f22e2-79b0-7fff-bfff-ffffffffffff");

  SystemRandomSource random;
  std::string before;
  for (int i = 0; i < 1'000; ++i) {
    const std::string uuid = random.uuid_of(Time(std::chrono::milliseconds(1'700'000'000'000 + i)));
    EXPECT_LT(before, uuid);
    before = uuid;
  }
}

}  // namespace
}  // namespace reveille
