#include <gtest/gtest.h>

#include <array>
#include <string>

#include "protocol/plist/parse.h"
#include "protocol/plist/write.h"
#include "tests/protocol/plist/documents.h"

// Some values of a dictionary, and nothing of the others.
namespace reveille::plist {
namespace {

constexpr std::array<std::string_view, 2> wanted = {"Status", "Inner"};
// Room for what is wanted alone.
constexpr Limits small{.depth_max = 4, .objects_max = 20, .expanded_bytes_max = 200};

Result<Dictionary> values_in(BytesView bytes) {
  return parse_values_of(wanted, bytes, small, BadScalars::refused);
}

std::string reason_in(BytesView bytes) {
  const auto values = values_in(bytes);
  return values ? "accepted" : values.error().detail;
}

Dictionary message_with(Value unwanted) {
  return {{"Before", unwanted},
          {"Status", "Acknowledged"},
          {"Inner", Dictionary{{"Other", "kept"}, {"Status", "kept"}}},
          {"After", unwanted}};
}
const Dictionary values{{"Status", "Acknowledged"},
                        {"Inner", Dictionary{{"Other", "kept"}, {"Status", "kept"}}}};

TEST(ValuesOfTest, OnlyWhatIsWantedIsBuiltHoweverMuchStandsAroundIt) {
  Array many;
  for (int i = 0; i < 5'000; ++i) {
    many.emplace_back(Dictionary{{"Status", "of an item"}, {"Size", i}, {"Data", Data{"bytes"}}});
  }
  for (const Value& unwanted :
       {Value(many), Value(std::string(100'000, 'x')), Value(Data{Bytes(100'000, 'x')}),
        Value(true), Value(Dictionary{}), Value(Array{}), Value("a < b & c")}) {
    const Dictionary message = message_with(unwanted);
    EXPECT_EQ(values_in(write_xml(message)), values);
    EXPECT_EQ(values_in(write_binary(message)), values);
  }
}

TEST(ValuesOfTest, WhatIsWantedIsLimited) {
  for (const Value& too_much : {Value(std::string(300, 'x')), Value(Array(30, Value(1)))}) {
    const Dictionary message{{"Status", too_much}};
    EXPECT_FALSE(values_in(write_xml(message)));
    EXPECT_FALSE(values_in(write_binary(message)));
  }
}

TEST(ValuesOfTest, OfAKeyThatRepeatsTheLastValueCountsAlsoAfterUnwantedOnes) {
  EXPECT_EQ(values_in(xml("<dict><key>Status</key><string>first</string><key>x</key><true/>"
                          "<key>Status</key><string>last</string></dict>")),
            (Dictionary{{"Status", "last"}}));
}

TEST(ValuesOfTest, CommentsAndCharacterDataAreSkippedWithTheirTags) {
  EXPECT_EQ(
      values_in(xml("<dict><key>x</key><string>a<!-- </string> -->b<![CDATA[</string>]]></string>"
                    "<key>Status</key><string>kept</string></dict>")),
      (Dictionary{{"Status", "kept"}}));
}

TEST(ValuesOfTest, UnwantedValuesAreClosedAsTheyWereOpened) {
  const auto unwanted = [](const std::string& value) {
    return xml("<dict><key>x</key>" + value + "</dict>");
  };
  EXPECT_EQ(reason_in(unwanted("<array><dict/><array/></array>")), "accepted");
  for (const char* value :
       {"", "<array>", "<array></dict>", "<dict></array>", "<string>", "<string>a</data>",
        "<string>a<b/></string>", "<unknown/>", "<plist/>", "<key>y</key>", "text",
        "<string>a<![CDATA[b</string>", "<string/><string/>"}) {
    EXPECT_NE(reason_in(unwanted(value)), "accepted") << value;
  }
  const std::string deep = unwanted("<array><array><array><array/></array></array></array>");
  EXPECT_EQ(reason_in(deep), "accepted") << "an empty one takes no depth";
  const std::string too_deep =
      unwanted("<array><array><array><array></array></array></array></array>");
  EXPECT_NE(reason_in(too_deep).find("nested too deeply"), std::string::npos);
}

TEST(ValuesOfTest, WhatIsNoDictionaryIsRefused) {
  EXPECT_EQ(reason_in(write_xml(Array{})), "the property list is not a dictionary");
  EXPECT_EQ(reason_in(write_binary(Array{})), "the property list is not a dictionary");
  EXPECT_EQ(reason_in(""), "byte 0: the property list is empty");
}

}  // namespace
}  // namespace reveille::plist
