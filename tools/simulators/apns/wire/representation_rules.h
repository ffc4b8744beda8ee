#pragma once

#include <cstdint>

#include "protocol/base/bytes.h"
#include "tools/simulators/apns/wire/header_fields.h"

namespace reveille::simulators::apns::wire {

// What Apple asks of the headers' representation (protocol.md 6.2): `:path` and `authorization`
// never in the table, since they differ each time; apns-id, apns-expiration and apns-collapse-id in
// it the first time only; all others in it once, so that later they are an index each. One object a
// connection.
class RepresentationRules {
 public:
  // The rule that `field` breaks, a literal; empty when none.
  BytesView check(const HeaderField& field);

 private:
  bool first_time(Field field);

  std::uint32_t seen_ = 0;  // a bit a Field
};

}  // namespace reveille::simulators::apns::wire
