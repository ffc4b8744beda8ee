#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace reveille::plist {

// `number` in `size` bytes, the most significant first.
inline std::string big_endian(std::uint64_t number, std::size_t size) {
  std::string bytes;
  for (std::size_t i = size; i-- > 0;) {
    bytes.push_back(i < 8 ? static_cast<char>(number >> (8 * i) & 0xff) : '\0');
  }
  return bytes;
}

// A binary property list put together by hand, right or wrong; the layout is written out in
// binary_reader.cpp. Objects are numbered from 0, which is the top unless told otherwise.
struct BinaryDocument {
  std::vector<std::string> objects;
  std::size_t offset_size = 1;
  std::size_t reference_size = 1;
  std::uint64_t top = 0;

  std::string bytes() const {
    std::string out = "bplist00";
    std::string table;
    for (const std::string& object : objects) {
      table += big_endian(out.size(), offset_size);
      out += object;
    }
    const std::size_t table_offset = out.size();
    return out + table + trailer(offset_size, reference_size, objects.size(), top, table_offset);
  }

  static std::string trailer(std::uint64_t offset_bytes, std::uint64_t reference_bytes,
                             std::uint64_t count, std::uint64_t top_object, std::uint64_t table) {
    return std::string(6, '\0') + big_endian(offset_bytes, 1) + big_endian(reference_bytes, 1) +
           big_endian(count, 8) + big_endian(top_object, 8) + big_endian(table, 8);
  }
};

// A list of nothing but this object.
inline std::string only(std::string_view object) {
  return BinaryDocument{.objects = {std::string(object)}}.bytes();
}

inline std::string marker(unsigned kind, std::size_t size) {
  if (size < 15) return {static_cast<char>(kind << 4u | size)};
  return std::string{static_cast<char>(kind << 4u | 15u), '\x12'} + big_endian(size, 4);
}

inline std::string ascii(std::string_view text) {
  return marker(0x5, text.size()) + std::string(text);
}

// Also of dictionaries: keys, then values.
inline std::string container(unsigned kind, std::size_t count,
                             const std::vector<std::uint64_t>& references,
                             std::size_t reference_size = 1) {
  std::string object = marker(kind, count);
  for (const std::uint64_t reference : references) object += big_endian(reference, reference_size);
  return object;
}

inline std::string array(const std::vector<std::uint64_t>& references,
                         std::size_t reference_size = 1) {
  return container(0xa, references.size(), references, reference_size);
}

inline std::string dictionary(const std::vector<std::uint64_t>& keys_then_values,
                              std::size_t reference_size = 1) {
  return container(0xd, keys_then_values.size() / 2, keys_then_values, reference_size);
}

}  // namespace reveille::plist
