#include "protocol/plist/write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "protocol/plist/parse.h"
#include "tests/protocol/plist/documents.h"

namespace reveille::plist {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string preamble =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
    "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
    "<plist version=\"1.0\">\n";

std::string content_of(const Value& value) {
  const std::string document = write_xml(value);
  EXPECT_TRUE(document.starts_with(preamble));
  EXPECT_TRUE(document.ends_with("</plist>\n"));
  return document.substr(preamble.size(), document.size() - preamble.size() - 9);
}

TEST(WriteXmlTest, ADictionaryIsWrittenAsApplesToolsDo) {
  const Value value = Dictionary{
      {"MessageType", "TokenUpdate"},
      {"Token", Data{"hello"}},
      {"AwaitingConfiguration", false},
      {"Empty", Array{Dictionary{}, Array{}}},
  };

  EXPECT_EQ(content_of(value),
            "<dict>\n"
            "\t<key>MessageType</key>\n"
            "\t<string>TokenUpdate</string>\n"
            "\t<key>Token</key>\n"
            "\t<data>\n"
            "\taGVsbG8=\n"
            "\t</data>\n"
            "\t<key>AwaitingConfiguration</key>\n"
            "\t<false/>\n"
            "\t<key>Empty</key>\n"
            "\t<array>\n"
            "\t\t<dict/>\n"
            "\t\t<array/>\n"
            "\t</array>\n"
            "</dict>\n");
}

TEST(WriteXmlTest, NumbersAndDatesAreWrittenSoThatTheyReadBack) {
  EXPECT_EQ(content_of(-42), "<integer>-42</integer>\n");
  EXPECT_EQ(content_of(Integer{-1, true}), "<integer>18446744073709551615</integer>\n");
  EXPECT_EQ(content_of(0.1), "<real>0.1</real>\n");
  EXPECT_EQ(content_of(std::numeric_limits<double>::infinity()), "<real>+infinity</real>\n");
  EXPECT_EQ(content_of(-std::numeric_limits<double>::infinity()), "<real>-infinity</real>\n");
  EXPECT_EQ(content_of(std::nan("")), "<real>nan</real>\n");
  EXPECT_EQ(content_of(Date{std::chrono::sys_seconds(std::chrono::seconds(1'662'712'684))}),
            "<date>2022-09-09T08:38:04Z</date>\n");
}

TEST(WriteXmlTest, ADateThatTheFormCannotSpellBecomesTheNearestThatItCan) {
  const auto at = [](std::int64_t seconds) {
    return Date{std::chrono::sys_seconds(std::chrono::seconds(seconds))};
  };
  EXPECT_EQ(content_of(at(1'000'000'000'000)), "<date>9999-12-31T23:59:59Z</date>\n");
  EXPECT_EQ(content_of(at(-1'000'000'000'000)), "<date>0000-01-01T00:00:00Z</date>\n");
}

TEST(WriteXmlTest, MarkupInTextIsEscaped) {
  EXPECT_EQ(content_of("</string>&amp;<key>"),
            "<string>&lt;/string&gt;&amp;amp;&lt;key&gt;</string>\n");
  EXPECT_EQ(content_of(Dictionary{{"<&>", true}}),
            "<dict>\n\t<key>&lt;&amp;&gt;</key>\n\t<true/>\n</dict>\n");
  EXPECT_EQ(content_of("a\rb"), "<string>a&#13;b</string>\n");
}

TEST(WriteXmlTest, WhatXmlCannotHoldIsDropped) {
  EXPECT_EQ(content_of(std::string("a\0b\x01\x1f\tc", 7)), "<string>ab\tc</string>\n");
  EXPECT_EQ(content_of("a\xef\xbf\xbe\xef\xbf\xbf"
                       "b"),
            "<string>ab</string>\n");
  EXPECT_EQ(content_of("caf\xe9\xed\xa0\x80!"), "<string>caf!</string>\n");
}

TEST(WriteXmlTest, LongDataIsWrappedAndReadsBack) {
  const Value value = Data{std::string(1000, '\xa5')};
  const std::string content = content_of(value);

  std::size_t longest = 0;
  for (std::size_t at = 0, end = 0; (end = content.find('\n', at)) != std::string::npos;
       at = end + 1) {
    longest = std::max(longest, end - at);
  }
  EXPECT_LE(longest, 76u);
  EXPECT_EQ(accepted(write_xml(value)), value);
}

TEST(WriteXmlTest, AUidIsADictionaryAsInApplesTools) {
  EXPECT_EQ(accepted(write_xml(Uid{42})), Value(Dictionary{{"CF$UID", 42}}));
}

TEST(WriteBinaryTest, EqualStringsAreStoredOnce) {
  Array items;
  for (int i = 0; i < 100; ++i) items.emplace_back(Dictionary{{"BundleIdentifier", "com.example"}});

  const Bytes list = write_binary(items);

  EXPECT_EQ(list.find("com.example"), list.rfind("com.example"));
  EXPECT_EQ(list.find("BundleIdentifier"), list.rfind("BundleIdentifier"));
  EXPECT_EQ(accepted(list), Value(items));
}

TEST(WriteBinaryTest, MoreThan256ObjectsTakeLargerReferences) {
  for (const int count : {250, 260, 70'000}) {
    Array items;
    for (int i = 0; i < count; ++i) items.emplace_back(i);
    EXPECT_EQ(accepted(write_binary(items)), Value(items)) << count;
  }
}

TEST(WriteBinaryTest, BytesThatAreNoCharactersAreDropped) {
  EXPECT_EQ(accepted(write_binary("caf\xe9!\xed\xa0\x80")), Value("caf!"));
}

TEST(WriteBinaryTest, AnAsciiStringIsNotWidened) {
  EXPECT_THAT(write_binary("Idle"), HasSubstr("\x54Idle"));
  EXPECT_THAT(write_binary("Idl\xc3\xa9"), Not(HasSubstr("Idl")));
}

}  // namespace
}  // namespace reveille::plist
