#pragma once

#include "protocol/base/bytes.h"
#include "protocol/plist/value.h"

namespace reveille::plist {

// The form Apple's own tools write: declaration, DOCTYPE, tabs, one newline at the end. Characters
// that XML 1.0 cannot hold are dropped.
Bytes write_xml(const Value& value);

// "bplist00", equal strings stored once.
Bytes write_binary(const Value& value);

}  // namespace reveille::plist
