#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string>

#include "protocol/base/bytes.h"
#include "storage/records.h"

// Fields as bytes: integers big-endian, times as signed milliseconds since 1970, texts with their
// length (4 bytes) before them, an optional field behind a byte 0 or 1. Rows that are written most
// often have their numbers, times and lengths in as few bytes as they need: `number`, `short_time`,
// `short_text`. docs/storage-format.md lists which fields make which row.
namespace reveille::storage::rocks {

template <typename Unsigned>
void append_big_endian(Bytes& bytes, Unsigned value) {
  std::array<char, sizeof(Unsigned)> big_endian;
  int shift = static_cast<int>(sizeof(Unsigned)) * 8;
  for (char& byte : big_endian) byte = static_cast<char>((value >> (shift -= 8)) & 0xffu);
  bytes.append(big_endian.data(), big_endian.size());
}

inline std::uint64_t read_big_endian(BytesView bytes) {
  std::uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

// Times in keys have their sign bit flipped, so that bytes order as times do.
inline void append_time_key(Bytes& bytes, Time time) {
  const auto milliseconds = static_cast<std::uint64_t>(time.time_since_epoch().count());
  append_big_endian(bytes, milliseconds ^ (std::uint64_t{1} << 63));
}

// LEB128: seven bits a byte, the lowest first, the high bit set on all but the last.
inline void append_number(Bytes& bytes, std::uint64_t value) {
  std::array<char, 10> leb128;
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7) leb128[size++] = static_cast<char>(value | 0x80);
  leb128[size++] = static_cast<char>(value);
  bytes.append(leb128.data(), size);
}

inline std::size_t bytes_of_number(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

// Builds one value; its first byte is the row's version.
class Writer {
 public:
  Writer() { bytes_.reserve(192); }  // most rows are smaller
  explicit Writer(std::uint8_t row_version) : Writer() { u8(row_version); }

  Writer& u8(std::uint8_t value) {
    bytes_.push_back(static_cast<char>(value));
    return *this;
  }
  Writer& u32(std::uint32_t value) {
    append_big_endian(bytes_, value);
    return *this;
  }
  Writer& u64(std::uint64_t value) {
    append_big_endian(bytes_, value);
    return *this;
  }
  Writer& flag(bool value) { return u8(value ? 1 : 0); }
  Writer& time(Time value) {
    return u64(static_cast<std::uint64_t>(value.time_since_epoch().count()));
  }
  Writer& text(BytesView value) {
    u32(static_cast<std::uint32_t>(value.size()));
    bytes_.append(value);
    return *this;
  }
  Writer& digest(const Sha256& value) {
    bytes_.append(value.view());
    return *this;
  }
  Writer& optional_text(const std::optional<std::string>& value) {
    flag(value.has_value());
    return value ? text(*value) : *this;
  }
  Writer& optional_digest(const std::optional<Sha256>& value) {
    flag(value.has_value());
    return value ? digest(*value) : *this;
  }
  Writer& optional_time(const std::optional<Time>& value) {
    flag(value.has_value());
    return value ? time(*value) : *this;
  }

  Writer& number(std::uint64_t value) {
    append_number(bytes_, value);
    return *this;
  }
  Writer& short_time(Time value) {
    return number(static_cast<std::uint64_t>(value.time_since_epoch().count()));
  }
  Writer& short_text(BytesView value) {
    number(value.size());
    bytes_.append(value);
    return *this;
  }

  BytesView bytes() const { return bytes_; }
  Bytes take() { return std::move(bytes_); }
  // The next value, in the same memory.
  void restart(std::uint8_t row_version) {
    bytes_.clear();
    u8(row_version);
  }

 private:
  Bytes bytes_;
};

// Reads one value back. It never reads past the end: the first field that does not fit fails the
// whole row, the fields after it are empty, and ok() says so at the end.
class Reader {
 public:
  Reader(BytesView bytes, std::uint8_t row_version) : left_(bytes) {
    if (u8() != row_version) fail();
  }

  std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian(1)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(big_endian(4)); }
  std::uint64_t u64() { return big_endian(8); }

  bool flag() {
    const std::uint8_t value = u8();
    if (value > 1) fail();
    return value == 1;
  }
  Time time() { return Time(std::chrono::milliseconds(static_cast<std::int64_t>(u64()))); }
  std::string text() { return std::string(raw(u32())); }
  Sha256 digest() {
    const BytesView bytes = raw(Sha256{}.bytes.size());
    return failed_ ? Sha256{} : Sha256::from(bytes);
  }
  std::optional<std::string> optional_text() {
    return flag() ? std::optional(text()) : std::nullopt;
  }
  std::optional<Sha256> optional_digest() {
    return flag() ? std::optional(digest()) : std::nullopt;
  }
  std::optional<Time> optional_time() { return flag() ? std::optional(time()) : std::nullopt; }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = u8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    fail();
    return 0;
  }
  std::uint32_t number32() {
    const std::uint64_t value = number();
    if (value > UINT32_MAX) fail();
    return static_cast<std::uint32_t>(value);
  }
  Time short_time() { return Time(std::chrono::milliseconds(static_cast<std::int64_t>(number()))); }
  std::string short_text() { return std::string(short_view()); }
  // Of the bytes that are read.
  BytesView short_view() { return raw(number()); }

  // An enumerator between `first` and `last`.
  template <typename Enum>
  Enum enumerator(Enum first, Enum last) {
    const std::uint8_t value = u8();
    if (value < static_cast<std::uint8_t>(first) || value > static_cast<std::uint8_t>(last)) {
      fail();
      return first;
    }
    return static_cast<Enum>(value);
  }

  bool has_more() const { return !left_.empty(); }
  // Every field was there, and nothing behind the last.
  bool ok() const { return !failed_ && left_.empty(); }

 private:
  void fail() {
    failed_ = true;
    left_ = {};
  }

  BytesView raw(std::size_t size) {
    if (failed_ || left_.size() < size) {
      fail();
      return {};
    }
    const BytesView bytes = left_.substr(0, size);
    left_.remove_prefix(size);
    return bytes;
  }

  std::uint64_t big_endian(std::size_t size) { return read_big_endian(raw(size)); }

  BytesView left_;
  bool failed_ = false;
};

}  // namespace reveille::storage::rocks
