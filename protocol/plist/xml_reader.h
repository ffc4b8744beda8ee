#pragma once

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/plist/parse.h"
#include "protocol/plist/value.h"
#include "protocol/plist/wanted.h"

namespace reveille::plist {

// The XML half of parse(): one pass over the bytes, no tree of elements in between. `wanted`: see
// parse_values_of(); nullptr: all.
Result<Value> read_xml(BytesView bytes, const Limits& limits, BadScalars bad_scalars,
                       const Wanted* wanted);

}  // namespace reveille::plist
