#pragma once

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/plist/parse.h"
#include "protocol/plist/value.h"
#include "protocol/plist/wanted.h"

namespace reveille::plist {

// The binary half of parse(). `bytes` begins with "bplist00". `wanted`: see parse_values_of();
// nullptr: all.
Result<Value> read_binary(BytesView bytes, const Limits& limits, const Wanted* wanted);

}  // namespace reveille::plist
