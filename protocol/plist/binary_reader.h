#pragma once

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/plist/parse.h"
#include "protocol/plist/value.h"

namespace reveille::plist {

// The binary half of parse(). `bytes` begins with "bplist00".
Result<Value> read_binary(BytesView bytes, const Limits& limits);

}  // namespace reveille::plist
