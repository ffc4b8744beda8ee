// What is written reads back as the same value, in both forms: edges by hand, then random trees.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "protocol/plist/parse.h"
#include "protocol/plist/write.h"
#include "tests/protocol/plist/documents.h"

namespace reveille::plist {
namespace {

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

void expect_round_trips(const Value& value) {
  EXPECT_EQ(accepted(write_xml(value)), value);
  EXPECT_EQ(accepted(write_binary(value)), value);
}

TEST(RoundTripTest, IntegersAtEveryEdgeOfAWidth) {
  for (const std::int64_t edge : {std::int64_t{0}, std::int64_t{0xff}, std::int64_t{0xffff},
                                  std::int64_t{0xffffffff}, highest, lowest, std::int64_t{-1}}) {
    expect_round_trips(edge);
    if (edge < highest) expect_round_trips(edge + 1);
    if (edge > lowest) expect_round_trips(edge - 1);
  }
  expect_round_trips(Integer{lowest, true});
  expect_round_trips(Integer{-1, true});
}

TEST(RoundTripTest, RealsToTheLastBit) {
  for (const double real :
       {0.0, 0.1, 1.0 / 3, -33.8567844, 1e300, 5e-324, std::numeric_limits<double>::max(),
        std::numeric_limits<double>::min(), std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    expect_round_trips(real);
  }
  EXPECT_TRUE(std::isnan(*accepted(write_xml(std::nan(""))).get_if<double>()));
  EXPECT_TRUE(std::isnan(*accepted(write_binary(std::nan(""))).get_if<double>()));
}

TEST(RoundTripTest, DatesOfAllYears) {
  for (const char* text : {"0000-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2001-01-01T00:00:00Z",
                           "2024-02-29T12:34:56Z", "9999-12-31T23:59:59Z"}) {
    expect_round_trips(accepted_xml("<date>" + std::string(text) + "</date>"));
  }
}

TEST(RoundTripTest, StringsAndDataAroundTheSizeThatTheMarkerHolds) {
  for (const std::size_t size : {0, 1, 14, 15, 16, 255, 256, 65535, 65536}) {
    expect_round_trips(std::string(size, 'a'));
    expect_round_trips(Data{std::string(size, '\xff')});
    expect_round_trips(Array(size, Value(true)));
  }
  expect_round_trips("\xf0\x9f\x98\xb0 \xe2\x80\x99 a\r\nb\rc \t<&>\"' ]]>");
}

TEST(RoundTripTest, AUidInTheBinaryForm) {
  for (const std::uint64_t uid :
       {std::uint64_t{0}, std::uint64_t{255}, std::uint64_t{256}, ~std::uint64_t{0}}) {
    EXPECT_EQ(accepted(write_binary(Uid{uid})), Value(Uid{uid}));
  }
}

// Trees of every type that both forms can hold.
class RandomTrees {
 public:
  explicit RandomTrees(unsigned seed) : random_(seed) {}

  Value tree(int depth) {
    switch (below(depth > 0 ? 9 : 6)) {
      case 0:
        return below(2) == 0;
      case 1:
        return Integer{static_cast<std::int64_t>(random_() >> below(64)), false};
      case 2:
        return std::ldexp(static_cast<double>(static_cast<std::int64_t>(random_())),
                          static_cast<int>(below(200)) - 100);
      case 3:
        return text();
      case 4:
        return Data{bytes()};
      case 5:
        return Date{std::chrono::sys_seconds(
            std::chrono::seconds(static_cast<std::int64_t>(below(250'000'000'000))))};
      case 6: {
        Array items;
        for (auto count = below(6); count > 0; --count) items.push_back(tree(depth - 1));
        return items;
      }
      default: {
        Dictionary dictionary;
        for (auto count = below(6); count > 0; --count) dictionary.set(text(), tree(depth - 1));
        return dictionary;
      }
    }
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  std::string text() {
    const char* const pieces[] = {
        "a", "UDID", "<",   "&",        "\r\n",         "\r",
        " ", "\t",   "]]>", "\xc3\xa9", "\xe2\x80\x99", "\xf0\x9f\x94\xa5",
        "0"};
    std::string text;
    for (auto count = below(24); count > 0; --count) text += pieces[below(std::size(pieces))];
    return text;
  }

  std::string bytes() {
    std::string bytes;
    for (auto count = below(100); count > 0; --count) bytes.push_back(static_cast<char>(random_()));
    return bytes;
  }

  std::mt19937_64 random_;
};

TEST(RoundTripTest, RandomTrees) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(seed);
    const Value value = RandomTrees(seed).tree(5);
    expect_round_trips(value);
    if (HasFailure()) return;
  }
}

TEST(RoundTripTest, OneFormAfterTheOther) {
  for (unsigned seed = 2000; seed < 2200; ++seed) {
    const Value value = RandomTrees(seed).tree(5);
    EXPECT_EQ(accepted(write_xml(accepted(write_binary(value)))), value) << seed;
  }
}

}  // namespace
}  // namespace reveille::plist
