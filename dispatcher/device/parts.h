#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "dispatcher/device/exchange.h"
#include "dispatcher/device/identity.h"
#include "dispatcher/device/declaration_service.h"
#include "dispatcher/device/refusal.h"
#include "dispatcher/device/services.h"
#include "dispatcher/device/statistics.h"
#include "dispatcher/runtime/clock.h"
#include "dispatcher/runtime/log.h"
#include "dispatcher/runtime/storage_lanes.h"
#include "protocol/http/message.h"

namespace reveille::device {

// What the handlers of one lane work with. Everything outlives them.
struct Parts {
  ExchangeRules rules;
  StorageLanes& storage;
  // WakeLanes::notify(): a commit may have made wakes of this partition due.
  std::function<void(storage::Partition)> notify_wakes;
  const Clock& clock;
  Log& log;
  Statistics& statistics;
  const Services& services;
  DeclarationService* declarations;  // nullptr: declarative management is not served
  RandomSource& random;
};

// Whose request it was, for the log.
struct Sender {
  std::string_view message;                     // "Authenticate", "connect", ...
  const mdm::EnrolmentId* enrolment = nullptr;  // nullptr: not known
  const std::string& address;
  RequestKind kind = RequestKind::unreadable;
};

// Counts the refusal, logs it once, and makes its answer: status by the table, the reason as text.
http::Response refuse(Parts& parts, const Refused& refused, const Sender& sender);

// The same for storage that gave no answer.
http::Response refuse(Parts& parts, const Error& error, const Sender& sender);

// A renewed certificate has taken the place of the one before.
void tell_of_adoption(Parts& parts, const mdm::EnrolmentId& device);

}  // namespace reveille::device
