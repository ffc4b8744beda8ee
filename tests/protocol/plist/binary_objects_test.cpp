#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "protocol/plist/parse.h"
#include "tests/protocol/plist/binary_document.h"
#include "tests/protocol/plist/documents.h"

namespace reveille::plist {
namespace {

using testing::HasSubstr;

std::string real_of_8(double value) { return big_endian(std::bit_cast<std::uint64_t>(value), 8); }

std::string utf16(std::initializer_list<unsigned> units) {
  std::string object = marker(0x6, units.size());
  for (const unsigned unit : units) object += big_endian(unit, 2);
  return object;
}

TEST(BinaryScalarTest, BooleansAreRead) {
  EXPECT_EQ(accepted(only("\x08")), Value(false));
  EXPECT_EQ(accepted(only("\x09")), Value(true));
}

TEST(BinaryScalarTest, NullFillAndUnknownKindsAreRefused) {
  for (const int byte : {0x00, 0x01, 0x07, 0x0a, 0x0f, 0x70, 0x90, 0xb0, 0xc0, 0xe0, 0xf0}) {
    EXPECT_THAT(refusal(only(std::string(1, static_cast<char>(byte)))), HasSubstr("unknown kind"))
        << byte;
  }
}

TEST(BinaryIntegerTest, OneTwoAndFourBytesAreUnsigned) {
  EXPECT_EQ(accepted(only("\x10\xff")), Value(255));
  EXPECT_EQ(accepted(only("\x11\xff\xfe")), Value(65534));
  EXPECT_EQ(accepted(only("\x12\xff\xff\xff\xff")), Value(std::int64_t{4294967295}));
}

TEST(BinaryIntegerTest, EightBytesAreSigned) {
  EXPECT_EQ(accepted(only("\x13" + big_endian(23'048'830'844, 8))),
            Value(std::int64_t{23'048'830'844}));
  EXPECT_EQ(accepted(only("\x13" + big_endian(~std::uint64_t{0}, 8))), Value(-1));
  EXPECT_EQ(accepted(only("\x13" + big_endian(std::uint64_t{1} << 63, 8))),
            Value(std::numeric_limits<std::int64_t>::min()));
}

TEST(BinaryIntegerTest, SixteenBytesHoldWhatLiesAboveTheSignedRange) {
  EXPECT_EQ(accepted(only("\x14" + big_endian(std::uint64_t{1} << 63, 16))),
            Value(Integer{std::numeric_limits<std::int64_t>::min(), true}));
  EXPECT_EQ(accepted(only("\x14" + big_endian(42, 16))), Value(42));
  EXPECT_EQ(accepted(only("\x14" + std::string(16, '\xff'))), Value(-1));
}

TEST(BinaryIntegerTest, BeyondSixtyFourBitsIsRefused) {
  EXPECT_THAT(refusal(only("\x14" + big_endian(1, 8) + big_endian(0, 8))),
              HasSubstr("beyond 64 bits"));
  EXPECT_THAT(refusal(only("\x14" + std::string(8, '\xff') + big_endian(0, 8))),
              HasSubstr("beyond 64 bits"));
  EXPECT_THAT(refusal(only("\x15" + std::string(32, '\0'))), HasSubstr("more than 16 bytes"));
  EXPECT_THAT(refusal(only("\x1f")), HasSubstr("more than 16 bytes"));
}

TEST(BinaryRealTest, BothWidthsAreRead) {
  EXPECT_EQ(accepted(only("\x23" + real_of_8(-33.8567844))), Value(-33.8567844));
  EXPECT_EQ(accepted(only("\x22" + big_endian(std::bit_cast<std::uint32_t>(0.5f), 4))), Value(0.5));
  EXPECT_EQ(accepted(only("\x23" + real_of_8(std::numeric_limits<double>::infinity()))),
            Value(std::numeric_limits<double>::infinity()));
  EXPECT_TRUE(std::isnan(*accepted(only("\x23" + real_of_8(std::nan("")))).get_if<double>()));
}

TEST(BinaryRealTest, OtherWidthsAreRefused) {
  EXPECT_THAT(refusal(only(std::string("\x21\x00\x00", 3))), HasSubstr("neither 4 nor 8"));
  EXPECT_THAT(refusal(only("\x24" + std::string(16, '\0'))), HasSubstr("neither 4 nor 8"));
}

TEST(BinaryDateTest, SecondsSince2001AreReadAndTheirFractionDropped) {
  const auto at = [](std::int64_t seconds) {
    return Value(Date{std::chrono::sys_seconds(std::chrono::seconds(seconds))});
  };
  EXPECT_EQ(accepted(only("\x33" + real_of_8(0))), at(978'307'200));
  EXPECT_EQ(accepted(only("\x33" + real_of_8(-978'307'200))), at(0));
  EXPECT_EQ(accepted(only("\x33" + real_of_8(0.999))), at(978'307'200));
  EXPECT_EQ(accepted(only("\x33" + real_of_8(-0.5))), at(978'307'199));
}

TEST(BinaryDateTest, WhatIsNoDateOfTheCalendarIsRefused) {
  for (const double seconds :
       {1e12, -1e12, 1e300, -1e300, std::nan(""), std::numeric_limits<double>::infinity()}) {
    EXPECT_THAT(refusal(only("\x33" + real_of_8(seconds))), HasSubstr("a date beyond")) << seconds;
  }
  EXPECT_THAT(refusal(only("\x32" + big_endian(0, 4))), HasSubstr("unknown kind"));
}

TEST(BinaryDataTest, BytesOfAnyContentAndLengthAreRead) {
  EXPECT_EQ(accepted(only("\x40")), Value(Data{}));
  EXPECT_EQ(accepted(only(std::string("\x43\x00\xff\x80", 4))),
            Value(Data{Bytes("\x00\xff\x80", 3)}));
  const std::string long_data(1000, '\xa5');
  EXPECT_EQ(accepted(only(marker(0x4, 1000) + long_data)), Value(Data{long_data}));
}

TEST(BinaryDataTest, ASizeIsReadFromAnIntegerOfEveryWidth) {
  const std::string data(20, 'x');
  for (const std::size_t exponent : {0, 1, 2, 3}) {
    const std::string size{static_cast<char>(0x10 | exponent)};
    EXPECT_EQ(accepted(only("\x4f" + size + big_endian(20, std::size_t{1} << exponent) + data)),
              Value(Data{data}));
  }
}

TEST(BinaryDataTest, ASizeThatIsNoIntegerIsRefused) {
  for (const char* size : {"\x14", "\x1f", "\x23", "\x5f", "\x09"}) {
    EXPECT_THAT(refusal(only("\x4f" + std::string(size) + std::string(40, '\0'))),
                HasSubstr("a size is not an integer"))
        << size;
  }
}

TEST(BinaryStringTest, AsciiIsRead) {
  EXPECT_EQ(accepted(only(ascii(""))), Value(""));
  EXPECT_EQ(accepted(only(ascii("Idle"))), Value("Idle"));
  EXPECT_EQ(accepted(only(ascii(std::string(300, 'a')))), Value(std::string(300, 'a')));
}

TEST(BinaryStringTest, BytesAboveAsciiAreRefusedInAnAsciiString) {
  EXPECT_THAT(refusal(only("\x51\xe9")), HasSubstr("not ASCII"));
  EXPECT_THAT(refusal(only("\x52\xc3\xa9")), HasSubstr("not ASCII"));
}

TEST(BinaryStringTest, Utf16BecomesUtf8WithSurrogatePairsJoined) {
  EXPECT_EQ(accepted(only(utf16({'K', 0xe9, 0x2019, 0xffff}))),
            Value("K\xc3\xa9\xe2\x80\x99\xef\xbf\xbf"));
  EXPECT_EQ(accepted(only(utf16({0xd83d, 0xdd25, 0xdbff, 0xdfff}))),
            Value("\xf0\x9f\x94\xa5\xf4\x8f\xbf\xbf"));
  EXPECT_EQ(accepted(only(utf16({}))), Value(""));
}

TEST(BinaryStringTest, HalfOfASurrogatePairIsRefused) {
  EXPECT_THAT(refusal(only(utf16({0xd83d}))), HasSubstr("half of a surrogate pair"));
  EXPECT_THAT(refusal(only(utf16({0xdd25}))), HasSubstr("half of a surrogate pair"));
  EXPECT_THAT(refusal(only(utf16({0xd83d, 'a'}))), HasSubstr("half of a surrogate pair"));
  EXPECT_THAT(refusal(only(utf16({0xd83d, 0xd83d, 0xdd25}))),
              HasSubstr("half of a surrogate pair"));
}

TEST(BinaryUidTest, OneToEightBytesAreRead) {
  EXPECT_EQ(accepted(only("\x80\x2a")), Value(Uid{42}));
  EXPECT_EQ(accepted(only("\x82" + big_endian(0x010203, 3))), Value(Uid{0x010203}));
  EXPECT_EQ(accepted(only("\x87" + big_endian(~std::uint64_t{0}, 8))),
            Value(Uid{~std::uint64_t{0}}));
  EXPECT_THAT(refusal(only("\x88" + std::string(9, '\0'))), HasSubstr("more than 8 bytes"));
}

TEST(BinaryContainerTest, ArraysAndDictionariesAreReadInOrder) {
  const BinaryDocument document{.objects = {dictionary({1, 2, 3, 4}), ascii("b"), ascii("a"),
                                            array({5, 6, 5}), "\x09", "\x10\x07", dictionary({})}};

  const Value value = accepted(document.bytes());

  EXPECT_EQ(value, Value(Dictionary{{"b", Array{7, Dictionary{}, 7}}, {"a", true}}));
  EXPECT_EQ(value.get_if<Dictionary>()->entries()[0].first, "b");
}

TEST(BinaryContainerTest, MoreThanFourteenChildrenAreCountedByAnInteger) {
  std::vector<std::uint64_t> references(200, 1);
  const BinaryDocument document{.objects = {array(references), "\x08"}};

  EXPECT_EQ(accepted(document.bytes()), Value(Array(200, Value(false))));
}

TEST(BinaryContainerTest, AKeyGivenAgainKeepsItsFirstPlaceAndItsLastValue) {
  const BinaryDocument document{
      .objects = {dictionary({1, 2, 1, 3, 3, 4}), ascii("a"), ascii("b"), "\x08", "\x09"}};

  const Value value = accepted(document.bytes());

  EXPECT_EQ(value, Value(Dictionary{{"a", true}, {"b", false}}));
  EXPECT_EQ(value.get_if<Dictionary>()->entries()[0].first, "a");
}

TEST(BinaryContainerTest, KeysMayBeUtf16ButNothingElse) {
  EXPECT_EQ(
      accepted(BinaryDocument{.objects = {dictionary({1, 2}), utf16({0xe9}), "\x09"}}.bytes()),
      Value(Dictionary{{"\xc3\xa9", true}}));
  for (const char* key : {"\x09", "\x10\x07", "\x41z", "\xa0", "\xd0"}) {
    EXPECT_THAT(refusal(BinaryDocument{.objects = {dictionary({1, 2}), key, "\x09"}}.bytes()),
                HasSubstr("key is not a string"));
  }
}

TEST(BinarySizesTest, OffsetsAndReferencesOfOneToEightBytesAreRead) {
  for (std::size_t offset_size = 1; offset_size <= 8; ++offset_size) {
    for (std::size_t reference_size = 1; reference_size <= 8; ++reference_size) {
      const BinaryDocument document{.objects = {array({1, 2}, reference_size), "\x09", "\x08"},
                                    .offset_size = offset_size,
                                    .reference_size = reference_size};
      EXPECT_EQ(accepted(document.bytes()), Value(Array{true, false}))
          << offset_size << " " << reference_size;
    }
  }
}

TEST(BinarySizesTest, TheTopNeedNotBeTheFirstObject) {
  EXPECT_EQ(accepted(BinaryDocument{.objects = {"\x09", array({0})}, .top = 1}.bytes()),
            Value(Array{true}));
}

TEST(BinarySizesTest, ObjectsThatNothingRefersToAreNotRead) {
  EXPECT_EQ(accepted(BinaryDocument{.objects = {"\x09", "\xff"}}.bytes()), Value(true));
}

}  // namespace
}  // namespace reveille::plist
