#pragma once

#include <boost/asio/awaitable.hpp>

#include "protocol/base/bytes.h"
#include "protocol/base/error.h"
#include "protocol/mdm/check_in.h"

namespace reveille::device {

// What a declarative management server says to one message of a device.
struct DeclarationAnswer {
  bool found = true;  // false: there is no such declaration (any more): the device drops it
  Bytes json;         // empty for a status report
};

// Who answers DeclarativeManagement (protocol.md section 5): its four endpoints behind one call.
class DeclarationService {
 public:
  virtual ~DeclarationService() = default;

  // The caller has authorised the sender and keeps `message` alive.
  // Errors: malformed (no such endpoint); overloaded; unavailable: the device asks again.
  virtual boost::asio::awaitable<Result<DeclarationAnswer>> ask(
      const mdm::DeclarativeManagement& message) = 0;
};

}  // namespace reveille::device
