#include "protocol/plist/binary_reader.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "protocol/plist/budget.h"
#include "protocol/plist/scalar_text.h"
#include "protocol/plist/utf8.h"

// Layout (CoreFoundation's CFBinaryPList.c), all numbers big-endian:
//   "bplist00", objects, offset table, trailer.
//   trailer   5 unused bytes, sort version, bytes of an offset, bytes of a reference (1 each);
//             number of objects, reference of the top object, offset of the offset table (8 each)
//   object    a marker byte: the kind in the high half, a size in the low half (0xf: the size is
//             the integer object that follows), then
//     00 null, 08 false, 09 true     1n integer of 2^n bytes      2n real of 2^n bytes
//     33 date: real, seconds since 2001-01-01                     4n data of n bytes
//     5n ASCII of n bytes            6n UTF-16 of n units         8n UID of n+1 bytes
//     an array: n references         dn dictionary: n references of keys, then n of values
namespace reveille::plist {
namespace {

constexpr std::size_t header_bytes = 8;
constexpr std::size_t trailer_bytes = 32;
constexpr double seconds_from_1970_to_2001 = 978307200;

// Each use of an object takes a byte of reference at least, so a list in which nothing but strings
// and scalars is shared, as all that devices write, has no more values than bytes. Containers that
// share children can stand for many more: a few may, a bomb of 274 bytes may not.
Limits in_proportion_to(std::size_t input_bytes, Limits limits) {
  constexpr std::size_t objects_beyond_input = 4096;
  constexpr std::size_t expanded_bytes_at_least = 1 << 20;
  constexpr std::size_t expanded_bytes_per_input_byte = 64;
  limits.objects_max = std::min(limits.objects_max, input_bytes + objects_beyond_input);
  if (input_bytes < limits.expanded_bytes_max / expanded_bytes_per_input_byte) {
    limits.expanded_bytes_max =
        std::min(limits.expanded_bytes_max,
                 expanded_bytes_at_least + input_bytes * expanded_bytes_per_input_byte);
  }
  return limits;
}

// An array or dictionary whose children are still being read.
struct Open {
  std::uint64_t object;
  bool is_dictionary;
  std::uint64_t count;
  std::size_t references;  // offset of the first one
  std::uint64_t next = 0;
  std::string key;
  Array items;
  std::vector<Dictionary::Entry> entries;
};

// Where an object's content begins, and what its marker says.
struct Header {
  unsigned kind;       // the high half of the marker
  unsigned detail;     // the low half
  std::uint64_t size;  // for kinds that have one
  std::size_t content;
};

// Methods that return bool say whether to go on; error_ has the reason when not.
class BinaryReader {
 public:
  BinaryReader(BytesView bytes, const Limits& limits, const Wanted* wanted)
      : bytes_(bytes), budget_(in_proportion_to(bytes.size(), limits)), wanted_(wanted) {}

  Result<Value> read() {
    if (read_trailer() && read_object(top_) && read_children()) return std::move(*root_);
    return failure(ErrorCode::malformed, "byte " + std::to_string(error_at_) + ": " + error_);
  }

 private:
  bool fail(std::size_t offset, const char* reason) {
    error_at_ = offset;
    error_ = reason;
    return false;
  }

  // `size` is at most 8 and the bytes are there.
  std::uint64_t number_at(std::size_t offset, std::size_t size) const {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < size; ++i) {
      number = number << 8 | static_cast<unsigned char>(bytes_[offset + i]);
    }
    return number;
  }

  bool read_trailer() {
    if (bytes_.size() < header_bytes + trailer_bytes) return fail(0, "too short for a trailer");
    const std::size_t trailer = bytes_.size() - trailer_bytes;
    offset_size_ = number_at(trailer + 6, 1);
    reference_size_ = number_at(trailer + 7, 1);
    objects_ = number_at(trailer + 8, 8);
    top_ = number_at(trailer + 16, 8);
    const std::uint64_t table = number_at(trailer + 24, 8);
    if (offset_size_ < 1 || offset_size_ > 8 || reference_size_ < 1 || reference_size_ > 8) {
      return fail(trailer, "the trailer's sizes are out of range");
    }
    if (table < header_bytes || table > trailer) {
      return fail(trailer, "the offset table lies outside");
    }
    table_ = static_cast<std::size_t>(table);
    if (objects_ == 0 || objects_ > (trailer - table_) / offset_size_) {
      return fail(trailer, "the offset table does not fit");
    }
    return true;
  }

  bool read_header(std::uint64_t object, Header& header) {
    if (object >= objects_) return fail(table_, "a reference to no object");
    const std::size_t entry = table_ + static_cast<std::size_t>(object) * offset_size_;
    const std::uint64_t offset = number_at(entry, offset_size_);
    if (offset < header_bytes || offset >= table_) return fail(entry, "an offset lies outside");
    const auto start = static_cast<std::size_t>(offset);
    const unsigned marker = static_cast<unsigned char>(bytes_[start]);
    header = {
        .kind = marker >> 4u, .detail = marker & 15u, .size = marker & 15u, .content = start + 1};
    const bool sized = (header.kind >= 4 && header.kind <= 6) || header.kind >= 10;
    if (!sized || header.detail != 15) return true;
    if (header.content >= table_) return fail(start, "an object does not fit");
    const unsigned size_marker = static_cast<unsigned char>(bytes_[header.content]);
    const std::size_t size_bytes = std::size_t{1} << (size_marker & 15u);
    if (size_marker >> 4u != 1 || size_bytes > 8) return fail(start, "a size is not an integer");
    if (size_bytes > table_ - header.content - 1) return fail(start, "an object does not fit");
    header.size = number_at(header.content + 1, size_bytes);
    header.content += 1 + size_bytes;
    return true;
  }

  // Whether `count` units of `unit` bytes lie between the header and the offset table.
  bool fits(const Header& header, std::uint64_t count, std::size_t unit) {
    if (count <= (table_ - header.content) / unit) return true;
    return fail(header.content, "an object does not fit");
  }

  bool read_object(std::uint64_t object) {
    Header header{};
    if (!read_header(object, header)) return false;
    if (!budget_.take_object()) return fail(header.content, "too many values");
    switch (header.kind) {
      case 0x0:
        return read_boolean(header);
      case 0x1:
        return read_integer(header);
      case 0x2:
        return read_real(header);
      case 0x3:
        return read_date(header);
      case 0x4:
        return read_data(header);
      case 0x5:
      case 0x6: {
        std::string text;
        if (!read_string(header, text)) return false;
        add(Value(std::move(text)));
        return true;
      }
      case 0x8:
        return read_uid(header);
      case 0xa:
        return open(object, header, false);
      case 0xd:
        return open(object, header, true);
      default:
        return fail(header.content - 1, "an object of an unknown kind");
    }
  }

  bool read_boolean(const Header& header) {
    if (header.detail != 8 && header.detail != 9) {
      return fail(header.content - 1, "an object of an unknown kind");
    }
    add(Value(header.detail == 9));
    return true;
  }

  // 1, 2 and 4 bytes are unsigned, 8 are signed; 16 serve for what lies above.
  bool read_integer(const Header& header) {
    const std::size_t size = std::size_t{1} << header.detail;
    if (size > 16) return fail(header.content - 1, "an integer of more than 16 bytes");
    if (!fits(header, size, 1)) return false;
    if (size < 16) {
      add(Value(Integer{static_cast<std::int64_t>(number_at(header.content, size)), false}));
      return true;
    }
    const std::uint64_t high = number_at(header.content, 8);
    const std::uint64_t low = number_at(header.content + 8, 8);
    const bool low_is_negative = low >> 63 != 0;
    const bool negative = high == ~std::uint64_t{0} && low_is_negative;
    if (high != 0 && !negative) return fail(header.content, "an integer beyond 64 bits");
    add(Value(Integer{static_cast<std::int64_t>(low), high == 0 && low_is_negative}));
    return true;
  }

  bool read_real(const Header& header) {
    const std::size_t size = std::size_t{1} << header.detail;
    if (size != 4 && size != 8) return fail(header.content - 1, "a real of neither 4 nor 8 bytes");
    if (!fits(header, size, 1)) return false;
    const std::uint64_t bits = number_at(header.content, size);
    add(Value(size == 8
                  ? std::bit_cast<double>(bits)
                  : static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits)))));
    return true;
  }

  bool read_date(const Header& header) {
    if (header.detail != 3) return fail(header.content - 1, "an object of an unknown kind");
    if (!fits(header, 8, 1)) return false;
    const double seconds =
        std::floor(std::bit_cast<double>(number_at(header.content, 8))) + seconds_from_1970_to_2001;
    const auto count_of = [](std::chrono::sys_seconds time) {
      return static_cast<double>(time.time_since_epoch().count());
    };
    // Written so that NaN fails too.
    if (!(seconds >= count_of(date_min) && seconds <= count_of(date_max))) {
      return fail(header.content, "a date beyond the years 0000 to 9999");
    }
    add(Value(
        Date{std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(seconds)))}));
    return true;
  }

  bool read_data(const Header& header) {
    if (!fits(header, header.size, 1)) return false;
    const auto size = static_cast<std::size_t>(header.size);
    if (!budget_.take_bytes(size)) return fail(header.content, "too many bytes");
    add(Value(Data{Bytes(bytes_.substr(header.content, size))}));
    return true;
  }

  bool read_uid(const Header& header) {
    const std::size_t size = header.detail + 1;
    if (size > 8) return fail(header.content - 1, "a UID of more than 8 bytes");
    if (!fits(header, size, 1)) return false;
    add(Value(Uid{number_at(header.content, size)}));
    return true;
  }

  bool read_string(const Header& header, std::string& text) {
    const bool ascii = header.kind == 0x5;
    if (!fits(header, header.size, ascii ? 1 : 2)) return false;
    const auto size = static_cast<std::size_t>(header.size);
    if (ascii) {
      text = bytes_.substr(header.content, size);
      const auto above = std::find_if(text.begin(), text.end(), [](char character) {
        return static_cast<unsigned char>(character) >= 0x80;
      });
      if (above != text.end()) return fail(header.content, "an ASCII string that is not ASCII");
    } else if (!append_utf16(header.content, size, text)) {
      return false;
    }
    return budget_.take_bytes(text.size()) ? true : fail(header.content, "too many bytes");
  }

  bool append_utf16(std::size_t offset, std::size_t units, std::string& text) {
    text.reserve(units);
    for (std::size_t i = 0; i < units; ++i) {
      auto code_point = static_cast<char32_t>(number_at(offset + 2 * i, 2));
      if (code_point >= 0xd800 && code_point <= 0xdfff) {
        const char32_t low =
            i + 1 < units ? static_cast<char32_t>(number_at(offset + 2 * i + 2, 2)) : 0;
        if (code_point >= 0xdc00 || low < 0xdc00 || low > 0xdfff) {
          return fail(offset + 2 * i, "half of a surrogate pair");
        }
        code_point = 0x10000 + ((code_point - 0xd800) << 10) + (low - 0xdc00);
        ++i;
      }
      append_utf8(text, code_point);
    }
    return true;
  }

  bool open(std::uint64_t object, const Header& header, bool is_dictionary) {
    if (!fits(header, header.size, reference_size_ * (is_dictionary ? 2 : 1))) return false;
    if (!budget_.allows_depth(open_.size() + 1)) return fail(header.content, "nested too deeply");
    for (const Open& ancestor : open_) {
      if (ancestor.object == object) return fail(header.content, "an object contains itself");
    }
    Open container{.object = object,
                   .is_dictionary = is_dictionary,
                   .count = header.size,
                   .references = header.content,
                   .next = 0,
                   .key = {},
                   .items = {},
                   .entries = {}};
    // A size costs nothing to claim, and containers may overlap: reserve little.
    const auto expected = static_cast<std::size_t>(std::min<std::uint64_t>(header.size, 32));
    if (is_dictionary) {
      container.entries.reserve(expected);
    } else {
      container.items.reserve(expected);
    }
    open_.push_back(std::move(container));
    return true;
  }

  bool read_children() {
    while (!open_.empty()) {
      if (open_.back().next == open_.back().count) {
        close();
      } else if (!read_child()) {
        return false;
      }
    }
    return true;
  }

  bool read_child() {
    Open& container = open_.back();
    const auto index = static_cast<std::size_t>(container.next++);
    const std::size_t reference = container.references + index * reference_size_;
    if (!container.is_dictionary) return read_object(number_at(reference, reference_size_));
    Header header{};
    if (!read_header(number_at(reference, reference_size_), header)) return false;
    if (header.kind != 0x5 && header.kind != 0x6) {
      return fail(header.content - 1, "a dictionary's key is not a string");
    }
    if (!budget_.take_object()) return fail(header.content, "too many values");
    if (!read_string(header, container.key)) return false;
    const bool is_at_top = open_.size() == 1;
    if (wanted_ != nullptr && is_at_top && !wanted_->contains(container.key)) {
      container.key.clear();
      return true;
    }
    const auto values = static_cast<std::size_t>(container.count) * reference_size_;
    return read_object(number_at(reference + values, reference_size_));
  }

  void close() {
    Open container = std::move(open_.back());
    open_.pop_back();
    if (container.is_dictionary) {
      add(Value(Dictionary::from_entries(std::move(container.entries))));
    } else {
      add(Value(std::move(container.items)));
    }
  }

  void add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& container = open_.back();
    if (container.is_dictionary) {
      container.entries.emplace_back(std::exchange(container.key, {}), std::move(value));
    } else {
      container.items.push_back(std::move(value));
    }
  }

  BytesView bytes_;
  Budget budget_;
  const Wanted* wanted_;
  std::size_t offset_size_ = 0;
  std::size_t reference_size_ = 0;
  std::uint64_t objects_ = 0;
  std::uint64_t top_ = 0;
  std::size_t table_ = 0;
  std::size_t error_at_ = 0;
  const char* error_ = "";
  std::vector<Open> open_;
  std::optional<Value> root_;
};

}  // namespace

Result<Value> read_binary(BytesView bytes, const Limits& limits, const Wanted* wanted) {
  return BinaryReader(bytes, limits, wanted).read();
}

}  // namespace reveille::plist
