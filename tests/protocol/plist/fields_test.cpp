#include "protocol/plist/fields.h"

#include <gtest/gtest.h>

#include <string>

namespace reveille::plist {
namespace {

const Dictionary message{
    {"Topic", "com.example"},    {"Empty", ""},      {"Token", Data{"bytes"}},
    {"NoBytes", Data{}},         {"Flag", true},     {"Count", 7},
    {"Huge", Integer{-1, true}}, {"List", Array{1}}, {"Inner", Dictionary{{"a", 1}}},
};

std::string failure_of(Fields& fields) {
  const Result<int> result = fields.finish(1);
  if (result) return "none";
  EXPECT_EQ(result.error().code, ErrorCode::malformed);
  return result.error().detail;
}

TEST(FieldsTest, WhatIsThereIsRead) {
  Fields fields(message);

  EXPECT_EQ(fields.required_string("Topic"), "com.example");
  EXPECT_EQ(fields.required_data("Token"), "bytes");
  EXPECT_EQ(fields.optional_string("Topic"), "com.example");
  EXPECT_EQ(fields.optional_data("Token"), "bytes");
  EXPECT_EQ(fields.optional_bool("Flag"), true);
  EXPECT_EQ(fields.optional_integer("Count"), 7);
  EXPECT_EQ(*fields.optional_array("List"), Array{1});
  EXPECT_EQ(*fields.optional_dictionary("Inner"), (Dictionary{{"a", 1}}));
  EXPECT_EQ(failure_of(fields), "none");
}

TEST(FieldsTest, WhatIsOptionalMayBeAbsent) {
  Fields fields(message);

  EXPECT_FALSE(fields.optional_string("x"));
  EXPECT_FALSE(fields.optional_data("x"));
  EXPECT_FALSE(fields.optional_bool("x"));
  EXPECT_FALSE(fields.optional_integer("x"));
  EXPECT_EQ(fields.optional_array("x"), nullptr);
  EXPECT_EQ(fields.optional_dictionary("x"), nullptr);
  EXPECT_EQ(failure_of(fields), "none");
}

TEST(FieldsTest, AnEmptyStringCountsAsAbsentButEmptyDataIsData) {
  Fields fields(message);

  EXPECT_FALSE(fields.optional_string("Empty"));
  EXPECT_EQ(fields.required_data("NoBytes"), "");
  EXPECT_EQ(fields.optional_data("NoBytes"), "");
  EXPECT_EQ(failure_of(fields), "none");

  Fields strict(message);
  EXPECT_EQ(strict.required_string("Empty"), "");
  EXPECT_EQ(failure_of(strict), "Empty is missing");
}

TEST(FieldsTest, WhatIsRequiredMayNotBeAbsent) {
  Fields text(message);
  EXPECT_EQ(text.required_string("x"), "");
  EXPECT_EQ(failure_of(text), "x is missing");

  Fields data(message);
  EXPECT_EQ(data.required_data("x"), "");
  EXPECT_EQ(failure_of(data), "x is missing");
}

TEST(FieldsTest, AnotherTypeIsNamedWhetherTheKeyIsRequiredOrNot) {
  const auto failure_when = [](auto read) {
    Fields fields(message);
    read(fields);
    return failure_of(fields);
  };
  EXPECT_EQ(failure_when([](Fields& f) { f.required_string("Token"); }), "Token is not a string");
  EXPECT_EQ(failure_when([](Fields& f) { f.optional_string("Flag"); }), "Flag is not a string");
  EXPECT_EQ(failure_when([](Fields& f) { f.required_data("Topic"); }), "Topic is not data");
  EXPECT_EQ(failure_when([](Fields& f) { f.optional_data("Topic"); }), "Topic is not data");
  EXPECT_EQ(failure_when([](Fields& f) { f.optional_bool("Count"); }), "Count is not a boolean");
  EXPECT_EQ(failure_when([](Fields& f) { f.optional_integer("Flag"); }), "Flag is not an integer");
  EXPECT_EQ(failure_when([](Fields& f) { f.optional_integer("Huge"); }), "Huge is too large");
  EXPECT_EQ(failure_when([](Fields& f) { f.optional_array("Inner"); }), "Inner is not an array");
  EXPECT_EQ(failure_when([](Fields& f) { f.optional_dictionary("List"); }),
            "List is not a dictionary");
}

TEST(FieldsTest, TheFirstFailureIsKeptAndWhatFollowsIsEmpty) {
  Fields fields(message);
  fields.fail("a rule over several keys");

  EXPECT_TRUE(fields.failed());
  EXPECT_EQ(fields.required_string("Topic"), "");
  EXPECT_FALSE(fields.optional_bool("Flag"));
  EXPECT_EQ(fields.optional_array("List"), nullptr);
  EXPECT_EQ(failure_of(fields), "a rule over several keys");
}

TEST(FieldsTest, NoValueEntersTheDetail) {
  Fields fields(message);
  fields.required_data("Topic");

  EXPECT_EQ(failure_of(fields).find("com.example"), std::string::npos);
}

}  // namespace
}  // namespace reveille::plist
