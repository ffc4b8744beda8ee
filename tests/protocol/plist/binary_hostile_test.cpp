// Binary property lists that want to crash their reader, or to make it build without end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "protocol/plist/parse.h"
#include "protocol/plist/write.h"
#include "tests/protocol/plist/binary_document.h"
#include "tests/protocol/plist/documents.h"

namespace reveille::plist {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

constexpr std::uint64_t huge = std::numeric_limits<std::uint64_t>::max();

// Each array holds the next one `width` times: width^depth values in depth * width bytes.
BinaryDocument bomb(std::size_t depth, std::size_t width) {
  BinaryDocument document;
  for (std::size_t level = 1; level <= depth; ++level) {
    document.objects.push_back(array(std::vector<std::uint64_t>(width, level)));
  }
  document.objects.push_back("\x09");
  return document;
}

TEST(BinaryTrailerTest, EveryPrefixOfAListIsRefused) {
  const std::string whole = write_binary(Dictionary{{"UDID", "x"}, {"Status", "Idle"}});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(parse(whole.substr(0, length))) << length;
  }
}

TEST(BinaryTrailerTest, AMagicAloneIsTooShort) {
  EXPECT_THAT(refusal("bplist00"), HasSubstr("too short"));
  EXPECT_THAT(refusal("bplist00" + std::string(31, '\0')), HasSubstr("too short"));
}

TEST(BinaryTrailerTest, OtherVersionsAreRefused) {
  const std::string list = only("\x09");
  for (const char* magic : {"bplist01", "bplist0\x01", "bplist10", "bplist15", "bplist16"}) {
    EXPECT_THAT(refusal(magic + list.substr(8)), HasSubstr("unknown version")) << magic;
  }
  EXPECT_THAT(refusal("bplistl"), HasSubstr("unknown version"));
}

TEST(BinaryTrailerTest, SizesOutOfRangeAreRefused) {
  const std::string start = "bplist00\x09\x08";
  for (const unsigned size : {0u, 9u, 16u, 255u}) {
    EXPECT_THAT(refusal(start + BinaryDocument::trailer(size, 1, 1, 0, 9)),
                HasSubstr("sizes are out of range"));
    EXPECT_THAT(refusal(start + BinaryDocument::trailer(1, size, 1, 0, 9)),
                HasSubstr("sizes are out of range"));
  }
}

TEST(BinaryTrailerTest, ATableOutsideTheListIsRefused) {
  const std::string start = "bplist00\x09\x08";
  for (const std::uint64_t table : {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{11}, huge,
                                    huge - 31, std::uint64_t{1} << 63}) {
    EXPECT_THAT(refusal(start + BinaryDocument::trailer(1, 1, 1, 0, table)),
                HasSubstr("offset table lies outside"))
        << table;
  }
}

TEST(BinaryTrailerTest, MoreObjectsThanTheTableHoldsAreRefused) {
  const std::string start = "bplist00\x09\x08";
  for (const std::uint64_t count :
       {std::uint64_t{0}, std::uint64_t{2}, huge, huge / 8 + 1, std::uint64_t{1} << 61}) {
    EXPECT_THAT(refusal(start + BinaryDocument::trailer(1, 1, count, 0, 9)),
                HasSubstr("offset table does not fit"))
        << count;
  }
}

TEST(BinaryOffsetTest, ATopThatIsNoObjectIsRefused) {
  for (const std::uint64_t top : {std::uint64_t{1}, huge}) {
    EXPECT_THAT(refusal(BinaryDocument{.objects = {"\x09"}, .top = top}.bytes()),
                HasSubstr("a reference to no object"));
  }
}

TEST(BinaryOffsetTest, AReferenceToNoObjectIsRefused) {
  EXPECT_THAT(refusal(BinaryDocument{.objects = {array({2}), "\x09"}}.bytes()),
              HasSubstr("a reference to no object"));
  EXPECT_THAT(refusal(BinaryDocument{.objects = {dictionary({9, 1}), "\x09"}}.bytes()),
              HasSubstr("a reference to no object"));
}

TEST(BinaryOffsetTest, AnOffsetIntoTheHeaderTheTableOrBeyondIsRefused) {
  for (const unsigned offset : {0u, 7u, 9u, 200u}) {
    const std::string list = "bplist00\x09" + std::string(1, static_cast<char>(offset)) +
                             BinaryDocument::trailer(1, 1, 1, 0, 9);
    EXPECT_THAT(refusal(list), HasSubstr("an offset lies outside")) << offset;
  }
}

TEST(BinaryOffsetTest, AnObjectThatRunsIntoTheTableIsRefused) {
  for (const std::string& object :
       {std::string("\x11\x01"), std::string("\x13\x01"), std::string("\x23\x01"),
        std::string("\x33\x01"), std::string("\x42\x01"), std::string("\x52\x61"),
        std::string("\x61\x61"), std::string("\x81\x01"), std::string("\xa2\x01"),
        std::string("\xd1\x01"), std::string("\x4f"), std::string("\x4f\x11\x01"),
        std::string("\x4f\x10\x02\x01")}) {
    EXPECT_THAT(refusal(only(object)), HasSubstr("does not fit")) << object;
  }
}

TEST(BinaryOffsetTest, ClaimedSizesUpTo64BitsAreRefusedWithoutBuildingThem) {
  for (const char* kind : {"\x4f", "\x5f", "\x6f", "\xaf", "\xdf"}) {
    for (const std::uint64_t size : {huge, huge / 2 + 1, std::uint64_t{1} << 40}) {
      EXPECT_THAT(refusal(only(kind + std::string("\x13") + big_endian(size, 8))),
                  HasSubstr("does not fit"));
    }
  }
}

TEST(BinaryCycleTest, AContainerInsideItselfIsRefused) {
  EXPECT_THAT(refusal(only(array({0}))), HasSubstr("contains itself"));
  EXPECT_THAT(refusal(BinaryDocument{.objects = {dictionary({1, 0}), ascii("a")}}.bytes()),
              HasSubstr("contains itself"));
}

TEST(BinaryCycleTest, ALongerCycleIsRefused) {
  const BinaryDocument document{
      .objects = {array({1}), dictionary({2, 3}), ascii("a"), array({0})}};
  EXPECT_THAT(refusal(document.bytes()), HasSubstr("contains itself"));
}

TEST(BinaryCycleTest, TwoObjectsAtOneOffsetCannotHideACycle) {
  // Both objects are the same bytes: an array whose only child is the other one.
  const std::string list =
      std::string("bplist00\xa1\x01\x08\x08", 12) + BinaryDocument::trailer(1, 1, 2, 0, 10);
  EXPECT_THAT(refusal(list), AnyOf(HasSubstr("contains itself"), HasSubstr("nested too deeply")));
}

TEST(BinaryDepthTest, SixtyFourLevelsAreReadAndNoMore) {
  accepted(bomb(64, 1).bytes());
  EXPECT_THAT(refusal(bomb(65, 1).bytes()), HasSubstr("nested too deeply"));
  EXPECT_THAT(refusal(bomb(200, 1).bytes()), HasSubstr("nested too deeply"));
}

TEST(BinaryBombTest, SharedChildrenThatDoubleAtEachLevelAreRefused) {
  const std::string small = bomb(15, 2).bytes();
  ASSERT_LE(small.size(), 114u);
  EXPECT_THAT(refusal(small), HasSubstr("too many values"));

  const std::string large = bomb(28, 6).bytes();
  ASSERT_LE(large.size(), 274u);
  EXPECT_THAT(refusal(large), HasSubstr("too many values"));
}

TEST(BinaryBombTest, SharedDictionariesAreCountedToo) {
  BinaryDocument document;
  for (std::uint64_t level = 1; level <= 40; ++level) {
    document.objects.push_back(dictionary({41, 42, level, level}));
  }
  document.objects.push_back("\x09");
  document.objects.push_back(ascii("a"));
  document.objects.push_back(ascii("b"));
  EXPECT_THAT(refusal(document.bytes()), HasSubstr("too many values"));
}

TEST(BinaryBombTest, ALongStringUsedManyTimesIsRefused) {
  const std::size_t uses = 20'000;
  const BinaryDocument document{
      .objects = {array(std::vector<std::uint64_t>(uses, 1)), ascii(std::string(20'000, 'a'))},
      .offset_size = 4};
  EXPECT_THAT(refusal(document.bytes()), HasSubstr("too many bytes"));
}

TEST(BinaryBombTest, TheBoundsInParseHoldForOverlappingObjectsToo) {
  // Every offset points at the same array, whose references are all different objects.
  const std::size_t count = 200;
  std::string list = "bplist00";
  std::vector<std::uint64_t> references;
  for (std::uint64_t i = 0; i < count; ++i) references.push_back(i);
  list += array(references);
  const std::size_t table = list.size();
  list.append(count, '\x08');
  list += BinaryDocument::trailer(1, 1, count, 0, table);
  refusal(list);
}

TEST(BinaryBombTest, SharingThatHonestWritersDoIsRead) {
  // One array of ten strings, referred to by a hundred dictionaries with the same key.
  BinaryDocument document{.objects = {array({})}};
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = 0; i < 100; ++i) all.push_back(1);
  document.objects = {array(all), dictionary({2, 3}), ascii("Locales"),
                      array({4, 4, 4, 4, 4, 4, 4, 4, 4, 4}), ascii("en_GB")};
  document.offset_size = 2;

  const Value value = accepted(document.bytes());

  EXPECT_EQ(value.get_if<Array>()->size(), 100u);
}

TEST(BinaryLimitsTest, TheCallersLimitsHold) {
  const Limits few{.depth_max = 1, .objects_max = 3, .expanded_bytes_max = 4};
  accepted(BinaryDocument{.objects = {array({1, 1}), "\x09"}}.bytes(), few);
  EXPECT_THAT(refusal(BinaryDocument{.objects = {array({1, 1, 1}), "\x09"}}.bytes(), few),
              HasSubstr("too many values"));
  EXPECT_THAT(refusal(BinaryDocument{.objects = {array({1}), array({})}}.bytes(), few),
              HasSubstr("nested too deeply"));
  EXPECT_THAT(refusal(only(ascii("12345")), few), HasSubstr("too many bytes"));
  EXPECT_THAT(refusal(only("\x45"
                           "12345"),
                      few),
              HasSubstr("too many bytes"));
}

TEST(BinaryGarbageTest, NoChangeOfOneByteCrashesTheReader) {
  const std::string whole =
      write_binary(Dictionary{{"UDID", "x"}, {"List", Array{1, 2.5, Data{"abc"}, "\xc3\xa9"}}});
  std::size_t refused = 0;
  for (std::size_t at = 8; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = whole;
      changed[at] = static_cast<char>(value);
      refused += parse(changed) ? 0 : 1;
    }
  }
  EXPECT_GT(refused, 0u);
}

}  // namespace
}  // namespace reveille::plist
