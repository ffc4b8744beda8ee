#pragma once

#include <cstdint>

#include "protocol/base/bytes.h"

namespace reveille::simulators::apns::wire {

// The headers that a notification may have (protocol.md 6.2); `other` is any that Apple's pages do
// not name.
enum class Field : std::uint8_t {
  method,
  scheme,
  authority,
  path,
  topic,
  push_type,
  priority,
  expiration,
  id,
  collapse_id,
  authorization,
  content_length,
  other_pseudo,
  other,
};

Field field_of(BytesView name);

// How a field was written (RFC 7541 section 6): what a table of headers learns from it.
enum class Representation : std::uint8_t {
  indexed,
  with_indexing,
  without_indexing,
  never_indexed
};

struct HeaderField {
  BytesView name;
  BytesView value;
  Field field = Field::other;
  Representation representation = Representation::indexed;
};

}  // namespace reveille::simulators::apns::wire
