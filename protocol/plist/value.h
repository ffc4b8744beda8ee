#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/base/bytes.h"

// Property lists as values. XML form: Apple's PropertyList-1.0.dtd; binary form: "bplist00".
namespace reveille::plist {

class Value;

using Array = std::vector<Value>;

// Bytes of a <data> element.
struct Data {
  Bytes bytes;
  friend bool operator==(const Data&, const Data&) = default;
};

// Whole seconds in XML; the fraction of a binary date is dropped.
struct Date {
  std::chrono::sys_seconds time;
  friend bool operator==(const Date&, const Date&) = default;
};

// A signed 64-bit integer, or an unsigned one above its range.
struct Integer {
  std::int64_t value = 0;           // the bits
  bool above_signed_range = false;  // true: read `value` as std::uint64_t

  friend bool operator==(const Integer&, const Integer&) = default;
};

// The UID type of keyed archives; occurs only in binary property lists.
struct Uid {
  std::uint64_t value = 0;
  friend bool operator==(const Uid&, const Uid&) = default;
};

// Keys in the order they were written. A key that occurs twice keeps its first place and its last
// value, in every parser of ours.
class Dictionary {
 public:
  using Entry = std::pair<std::string, Value>;

  Dictionary();
  Dictionary(std::initializer_list<Entry> entries);
  Dictionary(const Dictionary&);
  Dictionary(Dictionary&&) noexcept;
  Dictionary& operator=(const Dictionary&);
  Dictionary& operator=(Dictionary&&) noexcept;
  ~Dictionary();

  // The same as set() with each entry in turn, in n log n time: keys may be a stranger's.
  static Dictionary from_entries(std::vector<Entry> entries);

  // Borrowed until the next set() or the end of this dictionary; nullptr when absent.
  const Value* find(std::string_view key) const;
  // Takes time with the number of keys: to build a large dictionary use from_entries().
  void set(std::string key, Value value);

  const std::vector<Entry>& entries() const { return entries_; }
  bool empty() const;

  // Compares as sets: the order of keys has no meaning.
  friend bool operator==(const Dictionary& left, const Dictionary& right);

 private:
  std::vector<Entry> entries_;
};

class Value {
 public:
  using Variant =
      std::variant<bool, Integer, double, std::string, Data, Date, Uid, Array, Dictionary>;

  Value(bool value) : variant_(value) {}
  Value(int value) : variant_(Integer{value, false}) {}
  Value(std::int64_t value) : variant_(Integer{value, false}) {}
  Value(double value) : variant_(value) {}
  Value(const char* value) : variant_(std::string(value)) {}
  Value(std::string value) : variant_(std::move(value)) {}
  Value(Integer value) : variant_(value) {}
  Value(Data value) : variant_(std::move(value)) {}
  Value(Date value) : variant_(value) {}
  Value(Uid value) : variant_(value) {}
  Value(Array value) : variant_(std::move(value)) {}
  Value(Dictionary value) : variant_(std::move(value)) {}

  template <typename Kind>
  const Kind* get_if() const {
    return std::get_if<Kind>(&variant_);
  }
  template <typename Kind>
  Kind* get_if() {
    return std::get_if<Kind>(&variant_);
  }
  const Variant& variant() const { return variant_; }

  friend bool operator==(const Value&, const Value&) = default;

 private:
  Variant variant_;
};

// Not in the class: there Value is incomplete, and clang needs its size to look into the vector.
inline bool Dictionary::empty() const { return entries_.empty(); }

}  // namespace reveille::plist
