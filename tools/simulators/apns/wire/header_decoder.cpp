#include "tools/simulators/apns/wire/header_decoder.h"

#include "tools/simulators/apns/wire/huffman.h"

namespace reveille::simulators::apns::wire {
namespace {

struct StaticEntry {
  BytesView name;
  BytesView value;
};

// RFC 7541 appendix A.
constexpr std::array<StaticEntry, 61> static_entries = {{{":authority", ""},
                                                         {":method", "GET"},
                                                         {":method", "POST"},
                                                         {":path", "/"},
                                                         {":path", "/index.html"},
                                                         {":scheme", "http"},
                                                         {":scheme", "https"},
                                                         {":status", "200"},
                                                         {":status", "204"},
                                                         {":status", "206"},
                                                         {":status", "304"},
                                                         {":status", "400"},
                                                         {":status", "404"},
                                                         {":status", "500"},
                                                         {"accept-charset", ""},
                                                         {"accept-encoding", "gzip, deflate"},
                                                         {"accept-language", ""},
                                                         {"accept-ranges", ""},
                                                         {"accept", ""},
                                                         {"access-control-allow-origin", ""},
                                                         {"age", ""},
                                                         {"allow", ""},
                                                         {"authorization", ""},
                                                         {"cache-control", ""},
                                                         {"content-disposition", ""},
                                                         {"content-encoding", ""},
                                                         {"content-language", ""},
                                                         {"content-length", ""},
                                                         {"content-location", ""},
                                                         {"content-range", ""},
                                                         {"content-type", ""},
                                                         {"cookie", ""},
                                                         {"date", ""},
                                                         {"etag", ""},
                                                         {"expect", ""},
                                                         {"expires", ""},
                                                         {"from", ""},
                                                         {"host", ""},
                                                         {"if-match", ""},
                                                         {"if-modified-since", ""},
                                                         {"if-none-match", ""},
                                                         {"if-range", ""},
                                                         {"if-unmodified-since", ""},
                                                         {"last-modified", ""},
                                                         {"link", ""},
                                                         {"location", ""},
                                                         {"max-forwards", ""},
                                                         {"proxy-authenticate", ""},
                                                         {"proxy-authorization", ""},
                                                         {"range", ""},
                                                         {"referer", ""},
                                                         {"refresh", ""},
                                                         {"retry-after", ""},
                                                         {"server", ""},
                                                         {"set-cookie", ""},
                                                         {"strict-transport-security", ""},
                                                         {"transfer-encoding", ""},
                                                         {"user-agent", ""},
                                                         {"vary", ""},
                                                         {"via", ""},
                                                         {"www-authenticate", ""}}};

constexpr std::uint64_t integer_max = 1u << 24;  // no index, length or size is larger

// RFC 7541 section 5.1: an integer whose first `prefix` bits end the first byte.
bool read_integer(const std::uint8_t*& next, const std::uint8_t* end, unsigned prefix,
                  std::uint64_t& value) {
  const std::uint64_t full = (1u << prefix) - 1;
  value = *next++ & full;
  if (value < full) return true;
  for (unsigned shift = 0; next != end && shift <= 21; shift += 7) {
    const std::uint8_t byte = *next++;
    value += static_cast<std::uint64_t>(byte & 127) << shift;
    if ((byte & 128) == 0) return value <= integer_max;
  }
  return false;
}

}  // namespace

HeaderDecoder::HeaderDecoder() = default;

const char* HeaderDecoder::decode(BytesView block, std::vector<HeaderField>& fields) {
  fields.clear();
  if (decoded_.size() < huffman_bytes_max(block.size())) {
    decoded_.resize(huffman_bytes_max(block.size()));
  }
  decoded_end_ = decoded_.data();
  const auto* begin = reinterpret_cast<const std::uint8_t*>(block.data());
  Cursor cursor{begin, begin + block.size()};
  while (cursor.next != cursor.end) {
    // A new size of the table, at the beginning of a block: section 6.3.
    if ((*cursor.next & 0xe0) == 0x20) {
      std::uint64_t size = 0;
      if (!fields.empty()) return "a table size update stands within a header block";
      if (!read_integer(cursor.next, cursor.end, 5, size) || size > table_bytes_max) {
        return "a table size update is larger than allowed";
      }
      table_limit_ = size;
      shrink(size);
      continue;
    }
    if (fields.size() == fields_max) return "a header block has more than 100 headers";
    if (const char* wrong = decode_field(cursor, fields.emplace_back())) return wrong;
  }
  return nullptr;
}

const char* HeaderDecoder::decode_field(Cursor& cursor, HeaderField& field) {
  const std::uint8_t first = *cursor.next;
  std::uint64_t index = 0;
  if ((first & 0x80) != 0) {
    if (!read_integer(cursor.next, cursor.end, 7, index)) return "a header's index is cut short";
    field.representation = Representation::indexed;
    return look_up(index, field);
  }
  const bool indexing = (first & 0xc0) == 0x40;
  if (!read_integer(cursor.next, cursor.end, indexing ? 6 : 4, index)) {
    return "a header's index is cut short";
  }
  field.representation = indexing              ? Representation::with_indexing
                         : (first & 0x10) != 0 ? Representation::never_indexed
                                               : Representation::without_indexing;
  if (const char* wrong = read_literal(cursor, index, field)) return wrong;
  if (indexing) insert(field);
  return nullptr;
}

const char* HeaderDecoder::look_up(std::uint64_t index, HeaderField& field) const {
  if (index == 0) return "a header's index is zero";
  if (index <= static_entries.size()) {
    const StaticEntry& entry = static_entries[index - 1];
    field.name = entry.name;
    field.value = entry.value;
    field.field = field_of(entry.name);
    return nullptr;
  }
  index -= static_entries.size() + 1;
  if (index >= count_) return "a header's index is outside the table";
  const Entry& entry = entries_[(newest_ + index) % places];
  field.name = entry.name;
  field.value = entry.value;
  field.field = entry.field;
  return nullptr;
}

const char* HeaderDecoder::read_literal(Cursor& cursor, std::uint64_t name_index,
                                        HeaderField& field) {
  if (name_index != 0) {
    if (const char* wrong = look_up(name_index, field)) return wrong;
  } else {
    if (!read_string(cursor, field.name)) return "a header's name is cut short or wrongly coded";
    field.field = field_of(field.name);
  }
  if (!read_string(cursor, field.value)) return "a header's value is cut short or wrongly coded";
  return nullptr;
}

bool HeaderDecoder::read_string(Cursor& cursor, BytesView& text) {
  if (cursor.next == cursor.end) return false;
  const bool huffman = (*cursor.next & 0x80) != 0;
  std::uint64_t length = 0;
  if (!read_integer(cursor.next, cursor.end, 7, length)) return false;
  if (length > static_cast<std::uint64_t>(cursor.end - cursor.next)) return false;
  const BytesView bytes(reinterpret_cast<const char*>(cursor.next), length);
  cursor.next += length;
  if (!huffman) {
    text = bytes;
    return true;
  }
  char* const begin = decoded_end_;
  decoded_end_ = decode_huffman(bytes, begin);
  if (decoded_end_ == nullptr) return false;
  text = BytesView(begin, static_cast<std::size_t>(decoded_end_ - begin));
  return true;
}

void HeaderDecoder::insert(const HeaderField& field) {
  // Written before anything is evicted: the name may be one of an entry that is about to be.
  const std::size_t place = (newest_ + places - 1) % places;
  Entry& entry = entries_[place];
  entry.name = field.name;
  entry.value = field.value;
  entry.field = field.field;
  const std::size_t bytes = entry.bytes();
  if (bytes > table_limit_) return shrink(0);  // section 4.4: too large empties the table
  shrink(table_limit_ - bytes);
  newest_ = place;
  ++count_;
  table_bytes_ += bytes;
}

void HeaderDecoder::shrink(std::size_t bytes) {
  while (table_bytes_ > bytes) {
    --count_;
    table_bytes_ -= entries_[(newest_ + count_) % places].bytes();
  }
}

}  // namespace reveille::simulators::apns::wire
