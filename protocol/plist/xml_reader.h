#pragma once

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/plist/parse.h"
#include "protocol/plist/value.h"

namespace reveille::plist {

// The XML half of parse(): one pass over the bytes, no tree of elements in between.
Result<Value> read_xml(BytesView bytes, const Limits& limits, BadScalars bad_scalars);

}  // namespace reveille::plist
