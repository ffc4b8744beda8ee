#pragma once

#include <gtest/gtest.h>

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/plist/value.h"

// What a table says of a message beyond the keys that our parsers read.
namespace reveille::testing_support {

// The value at "QueryResponses/Languages/0": keys of dictionaries and places in arrays.
inline const plist::Value* value_at(const plist::Value& root, std::string_view path) {
  const plist::Value* value = &root;
  while (value != nullptr && !path.empty()) {
    const std::string_view step = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), step.size() + 1));
    if (const auto* dictionary = value->get_if<plist::Dictionary>()) {
      value = dictionary->find(step);
    } else if (const auto* array = value->get_if<plist::Array>()) {
      std::size_t place = array->size();
      std::from_chars(step.data(), step.data() + step.size(), place);
      value = place < array->size() ? &(*array)[place] : nullptr;
    } else {
      value = nullptr;
    }
  }
  return value;
}

struct Fact {
  std::string path;
  std::optional<plist::Value> value;  // equal to it
  std::optional<std::size_t> count;   // so many elements, keys or bytes
};  // neither: absent

inline Fact is(std::string path, plist::Value value) {
  return {std::move(path), std::move(value), std::nullopt};
}
inline Fact has(std::string path, std::size_t count) {
  return {std::move(path), std::nullopt, count};
}
inline Fact lacks(std::string path) { return {std::move(path), std::nullopt, std::nullopt}; }

inline std::optional<std::size_t> count_of(const plist::Value& value) {
  if (const auto* array = value.get_if<plist::Array>()) return array->size();
  if (const auto* keys = value.get_if<plist::Dictionary>()) return keys->entries().size();
  if (const auto* data = value.get_if<plist::Data>()) return data->bytes.size();
  return std::nullopt;
}

inline void expect_facts(const plist::Value& root, const std::vector<Fact>& facts) {
  for (const Fact& fact : facts) {
    const plist::Value* found = value_at(root, fact.path);
    const bool expected = fact.value || fact.count;
    EXPECT_EQ(found != nullptr, expected) << fact.path;
    if (found == nullptr || !expected) continue;
    if (fact.value) {
      EXPECT_TRUE(*found == *fact.value) << fact.path;
    }
    if (fact.count) {
      EXPECT_EQ(count_of(*found), fact.count) << fact.path;
    }
  }
}

}  // namespace reveille::testing_support
