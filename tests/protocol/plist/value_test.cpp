#include "protocol/plist/value.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reveille::plist {
namespace {

std::vector<std::string> keys_of(const Dictionary& dictionary) {
  std::vector<std::string> keys;
  for (const auto& entry : dictionary.entries()) keys.push_back(entry.first);
  return keys;
}

TEST(DictionaryTest, KeysStayInTheOrderTheyWereSet) {
  Dictionary dictionary{{"b", 1}, {"a", 2}};
  dictionary.set("c", 3);
  dictionary.set("b", 4);

  EXPECT_EQ(keys_of(dictionary), (std::vector<std::string>{"b", "a", "c"}));
  EXPECT_EQ(*dictionary.find("b"), Value(4));
}

TEST(DictionaryTest, AnAbsentKeyIsNull) {
  const Dictionary dictionary{{"a", 1}};

  EXPECT_EQ(dictionary.find("A"), nullptr);
  EXPECT_EQ(dictionary.find(""), nullptr);
}

TEST(DictionaryTest, TheOrderOfKeysHasNoMeaningWhenComparing) {
  EXPECT_EQ((Dictionary{{"a", 1}, {"b", 2}}), (Dictionary{{"b", 2}, {"a", 1}}));
  EXPECT_FALSE((Dictionary{{"a", 1}, {"b", 2}}) == (Dictionary{{"a", 1}}));
  EXPECT_FALSE((Dictionary{{"a", 1}}) == (Dictionary{{"a", 2}}));
  EXPECT_FALSE((Dictionary{{"a", 1}}) == (Dictionary{{"b", 1}}));
}

// Below and above the count from which repeats are found by sorting.
TEST(DictionaryTest, RepeatsAreMergedAlikeInSmallAndInLargeLists) {
  for (const int count : {3, 20, 24, 25, 30, 300}) {
    std::vector<Dictionary::Entry> entries;
    Dictionary expected;
    for (int i = 0; i < count; ++i) {
      const std::string key = std::to_string(i * 7 % (count / 2 + 1));
      entries.emplace_back(key, i);
      expected.set(key, i);
    }

    const Dictionary dictionary = Dictionary::from_entries(entries);

    EXPECT_EQ(dictionary, expected) << count;
    EXPECT_EQ(keys_of(dictionary), keys_of(expected)) << count;
  }
}

TEST(ValueTest, ValuesOfDifferentTypesAreNeverEqual) {
  EXPECT_FALSE(Value(1) == Value(true));
  EXPECT_FALSE(Value(1) == Value(1.0));
  EXPECT_FALSE(Value("a") == Value(Data{"a"}));
  EXPECT_FALSE(Value(Integer{-1, true}) == Value(-1));
}

}  // namespace
}  // namespace reveille::plist
