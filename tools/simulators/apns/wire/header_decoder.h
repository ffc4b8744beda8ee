#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "tools/simulators/apns/wire/header_fields.h"

namespace reveille::simulators::apns::wire {

// Reads header blocks of one connection (HPACK, RFC 7541). Ours, not nghttp2's, for two reasons:
// what the client's library misreads is not misread here alike, and a strict Apple must see how
// each header was represented.
//
// Memory: the dynamic table of 4,096 bytes, and room for one block.
class HeaderDecoder {
 public:
  static constexpr std::size_t table_bytes_max = 4'096;  // SETTINGS_HEADER_TABLE_SIZE, the default
  static constexpr std::size_t fields_max = 100;

  HeaderDecoder();

  // All fields of a block; their bytes live until the next call, and so do those of `block`.
  // nullptr: well. Otherwise what is wrong with it; the connection cannot go on.
  const char* decode(BytesView block, std::vector<HeaderField>& fields);

  std::size_t table_bytes() const { return table_bytes_; }

 private:
  struct Entry {
    std::string name, value;
    Field field = Field::other;
    std::size_t bytes() const { return name.size() + value.size() + 32; }
  };
  struct Cursor {
    const std::uint8_t* next;
    const std::uint8_t* end;
  };

  // Twice what the table can hold, and more than the fields of a block: an entry that is evicted
  // while a block is read keeps its bytes until the block has been.
  static constexpr std::size_t places = 256;
  static_assert(places >= table_bytes_max / 32 + fields_max);

  const char* decode_field(Cursor& cursor, HeaderField& field);
  const char* look_up(std::uint64_t index, HeaderField& field) const;
  const char* read_literal(Cursor& cursor, std::uint64_t name_index, HeaderField& field);
  bool read_string(Cursor& cursor, BytesView& text);
  void insert(const HeaderField& field);
  void shrink(std::size_t bytes);

  std::array<Entry, places> entries_;  // a ring; the newest at newest_
  std::size_t newest_ = 0;
  std::size_t count_ = 0;
  std::size_t table_bytes_ = 0;
  std::size_t table_limit_ = table_bytes_max;  // what the peer chose, up to ours
  std::string decoded_;                        // of Huffman code, for one block
  char* decoded_end_ = nullptr;
};

}  // namespace reveille::simulators::apns::wire
