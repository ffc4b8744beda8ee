#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/plist/value.h"

namespace reveille::plist {

// What a peer may make us build. Beyond any of these the bytes are refused as malformed.
struct Limits {
  std::size_t depth_max = 64;           // nested arrays and dictionaries
  std::size_t objects_max = 1'000'000;  // values built, shared binary objects counted at each use
  std::size_t expanded_bytes_max = 64u << 20;  // bytes of strings and data built
};

// What becomes of an XML scalar whose text is none of its type: <data> that is no base64, <integer>
// that is no number, <date> of another form.
enum class BadScalars {
  refused,
  kept_as_text,  // a string, in its place: for whoever needs little of a message and must take it
};

// XML or binary, told apart by the magic "bplist00". Never recurses on input.
//
// XML: UTF-8 (a BOM and leading blanks are accepted), five named entities and numeric references,
// comments, CDATA in strings; a DOCTYPE without an internal subset. Declared entities, other
// encodings, and text between elements are refused. Binary: every offset is checked; a cycle is
// refused, a shared object counts each time that it is used, and what is built stays in proportion
// to the size of the bytes: at most 4096 values more than bytes, and 1 MiB of strings and data and
// 64 bytes more for each byte.
//
// Errors: malformed, naming the byte offset.
Result<Value> parse(BytesView bytes, const Limits& limits = {},
                    BadScalars bad_scalars = BadScalars::refused);

// The same; anything but a dictionary at the top is malformed: all MDM messages are dictionaries.
Result<Dictionary> parse_dictionary(BytesView bytes, const Limits& limits = {},
                                    BadScalars bad_scalars = BadScalars::refused);

// The same of some values of the dictionary: those whose key is one of `keys`. The others
// are neither built nor counted, so that little is built of a list of any size. XML: they must be
// closed as they were opened, and no more. Binary: they are not looked at.
Result<Dictionary> parse_values_of(std::span<const std::string_view> keys, BytesView bytes,
                                   const Limits& limits, BadScalars bad_scalars);

}  // namespace reveille::plist
