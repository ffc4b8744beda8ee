#pragma once

#include <cstdint>
#include <string>

#include "protocol/base/bytes.h"
#include "tools/simulators/apns/wire/header_fields.h"

namespace reveille::simulators::apns::wire {

// What Apple asks of the headers' representation (protocol.md 6.2): `:path` and `authorization`
// never in the table, since they differ each time; apns-id, apns-expiration and apns-collapse-id in
// it the first time only; all others in it once, so that later they are an index each. Less strict
// than Apple's words in one thing: an expiration that the push before had too may enter the table,
// since from then on it is one byte. One object a connection.
class RepresentationRules {
 public:
  // The rule that `field` breaks, a literal; empty when none.
  BytesView check(const HeaderField& field);

 private:
  bool first_time(Field field);

  std::uint32_t seen_ = 0;  // a bit a Field
  std::string expiration_;  // of the push before
};

}  // namespace reveille::simulators::apns::wire
