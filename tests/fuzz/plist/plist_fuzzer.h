#pragma once

#include "protocol/base/ensure.h"
#include "protocol/plist/parse.h"
#include "protocol/plist/write.h"

namespace reveille::plist {

// What was read can be written in the binary form and reads back as the same value. Compared as
// bytes: NaN is not equal to itself.
inline void ensure_binary_round_trip(const Value& value) {
  const Bytes written = write_binary(value);
  const auto again = parse(written);
  ensure(again.has_value(), "what we write is read");
  ensure(write_binary(*again) == written, "the binary form keeps the value");
}

// The XML form drops characters that XML cannot hold (two keys may be the same without them) and
// has no UID: what one round leaves is kept.
inline void ensure_xml_round_trip(const Value& value) {
  const auto left = parse(write_xml(value));
  ensure(left.has_value(), "what we write is read");
  const Bytes written = write_xml(*left);
  const auto again = parse(written);
  ensure(again.has_value(), "what we write is read");
  ensure(write_xml(*again) == written, "the XML form keeps the value");
}

}  // namespace reveille::plist
