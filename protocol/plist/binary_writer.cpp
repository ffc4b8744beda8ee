#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/plist/utf8.h"
#include "protocol/plist/write.h"

// The layout is written out in binary_reader.cpp.
namespace reveille::plist {
namespace {

constexpr std::int64_t seconds_from_1970_to_2001 = 978307200;

std::size_t bytes_needed(std::uint64_t number) {
  if (number <= 0xff) return 1;
  if (number <= 0xffff) return 2;
  if (number <= 0xffffffff) return 4;
  return 8;
}

void append_number(std::string& out, std::uint64_t number, std::size_t size) {
  for (std::size_t i = size; i-- > 0;) out.push_back(static_cast<char>(number >> (8 * i) & 0xff));
}

void append_unsigned(std::string& out, std::uint64_t number) {
  const std::size_t size = bytes_needed(number);
  out.push_back(static_cast<char>(0x10 | std::countr_zero(size)));
  append_number(out, number, size);
}

void append_marker(std::string& out, unsigned kind, std::size_t size) {
  out.push_back(static_cast<char>(kind << 4u | (size < 15 ? size : 15)));
  if (size >= 15) append_unsigned(out, size);
}

std::string utf16_of(std::string_view text) {
  std::string units;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence_length(text, at);
    if (length == 0) {  // belongs to no character
      ++at;
      continue;
    }
    const char32_t code_point = decode_utf8(text.substr(at, length));
    at += length;
    if (code_point < 0x10000) {
      append_number(units, code_point, 2);
    } else {
      append_number(units, 0xd800 + ((code_point - 0x10000) >> 10), 2);
      append_number(units, 0xdc00 + ((code_point - 0x10000) & 0x3ff), 2);
    }
  }
  return units;
}

// The objects in the order of their numbers: a container before its children. Recurses with the
// value's depth: our own values are shallow, parsed ones bounded by Limits.
class BinaryWriter {
 public:
  Bytes write(const Value& value) {
    collect(value);
    reference_size_ = bytes_needed(objects_.size() - 1);
    std::string out = "bplist00";
    std::vector<std::size_t> offsets;
    offsets.reserve(objects_.size());
    for (const Object& object : objects_) {
      offsets.push_back(out.size());
      append_object(out, object);
    }
    const std::size_t table = out.size();
    const std::size_t offset_size = bytes_needed(table);
    for (const std::size_t offset : offsets) append_number(out, offset, offset_size);
    out.append(6, '\0');
    append_number(out, offset_size, 1);
    append_number(out, reference_size_, 1);
    append_number(out, objects_.size(), 8);
    append_number(out, 0, 8);
    append_number(out, table, 8);
    return out;
  }

 private:
  struct Object {
    const Value* value;  // nullptr: a string
    std::string_view text;
    std::vector<std::size_t> children;  // of a dictionary: keys, then values
  };

  std::size_t collect_string(std::string_view text) {
    const auto [known, added] = strings_.try_emplace(text, objects_.size());
    if (added) objects_.push_back({.value = nullptr, .text = text, .children = {}});
    return known->second;
  }

  std::size_t collect(const Value& value) {
    if (const auto* text = value.get_if<std::string>()) return collect_string(*text);
    const std::size_t number = objects_.size();
    objects_.push_back({.value = &value, .text = {}, .children = {}});
    std::vector<std::size_t> children;
    if (const auto* items = value.get_if<Array>()) {
      for (const Value& item : *items) children.push_back(collect(item));
    } else if (const auto* dictionary = value.get_if<Dictionary>()) {
      for (const auto& entry : dictionary->entries()) {
        children.push_back(collect_string(entry.first));
      }
      for (const auto& entry : dictionary->entries()) children.push_back(collect(entry.second));
    }
    objects_[number].children = std::move(children);
    return number;
  }

  void append_object(std::string& out, const Object& object) const {
    if (object.value == nullptr) return append_string(out, object.text);
    std::visit([&](const auto& content) { append_content(out, content, object); },
               object.value->variant());
  }

  static void append_string(std::string& out, std::string_view text) {
    bool ascii = true;
    for (const char character : text) ascii = ascii && static_cast<unsigned char>(character) < 0x80;
    if (ascii) {
      append_marker(out, 0x5, text.size());
      out.append(text);
      return;
    }
    const std::string units = utf16_of(text);
    append_marker(out, 0x6, units.size() / 2);
    out.append(units);
  }

  static void append_content(std::string& out, bool value, const Object&) {
    out.push_back(value ? '\x09' : '\x08');
  }

  // 8 bytes are signed and 16 hold what lies above; fewer are unsigned.
  static void append_content(std::string& out, Integer integer, const Object&) {
    const auto bits = static_cast<std::uint64_t>(integer.value);
    if (integer.above_signed_range) {
      out.push_back('\x14');
      append_number(out, 0, 8);
      append_number(out, bits, 8);
    } else {
      append_unsigned(out, bits);
    }
  }

  static void append_content(std::string& out, double value, const Object&) {
    out.push_back('\x23');
    append_number(out, std::bit_cast<std::uint64_t>(value), 8);
  }

  static void append_content(std::string& out, Date date, const Object&) {
    out.push_back('\x33');
    const auto seconds =
        static_cast<double>(date.time.time_since_epoch().count() - seconds_from_1970_to_2001);
    append_number(out, std::bit_cast<std::uint64_t>(seconds), 8);
  }

  static void append_content(std::string& out, Uid uid, const Object&) {
    const std::size_t size = bytes_needed(uid.value);
    out.push_back(static_cast<char>(0x80 | (size - 1)));
    append_number(out, uid.value, size);
  }

  static void append_content(std::string& out, const Data& data, const Object&) {
    append_marker(out, 0x4, data.bytes.size());
    out.append(data.bytes);
  }

  static void append_content(std::string& out, const std::string& text, const Object&) {
    append_string(out, text);
  }

  void append_content(std::string& out, const Array& items, const Object& object) const {
    append_marker(out, 0xa, items.size());
    append_children(out, object);
  }

  void append_content(std::string& out, const Dictionary& dictionary, const Object& object) const {
    append_marker(out, 0xd, dictionary.entries().size());
    append_children(out, object);
  }

  void append_children(std::string& out, const Object& object) const {
    for (const std::size_t child : object.children) append_number(out, child, reference_size_);
  }

  std::vector<Object> objects_;
  std::unordered_map<std::string_view, std::size_t> strings_;
  std::size_t reference_size_ = 1;
};

}  // namespace

Bytes write_binary(const Value& value) { return BinaryWriter().write(value); }

}  // namespace reveille::plist
