#pragma once

#include <chrono>
#include <expected>
#include <optional>

#include "dispatcher/device/refusal.h"
#include "dispatcher/device/standing.h"
#include "dispatcher/device/wake_after_exchange.h"
#include "protocol/mdm/report.h"
#include "storage/store.h"

namespace reveille::device {

struct ExchangeRules {
  ExchangeTimeouts timeouts;
  AuthorisationRules authorisation;
};

// What came of one connect request.
struct Exchange {
  std::optional<mdm::Command> command;        // the answer; nullopt: an empty body
  std::optional<storage::Recorded> recorded;  // nullopt when Idle
  std::optional<storage::Time> wake_at;
  PinChange pin = PinChange::none;
  bool erased = false;  // this report ended the enrolment
};

// One connect request, whole: authorises the certificate, records the report, takes the next
// command and sets the next wake. In the device's partition; `body` is kept when the report is an
// end state.
//
// After Idle all that was put off is offered again; after any other status what was put off since
// the last Idle is not, however many connections the exchange is spread over. An acknowledged
// EraseDevice ends the enrolment, also one that was cancelled when it was on its way already. A
// pending enrolment gets nothing. An enrolment that has ended is refused when it says Idle, and
// gets a normal, empty answer to all else: it keeps what it has to say until it gets one.
//
// The inner value is the refusal. Errors: unavailable, corrupt.
Result<std::expected<Exchange, Refusal>> run_exchange(
    storage::Transaction& transaction, const mdm::Report& report, const storage::ReportBody& body,
    const storage::Sha256& certificate, const ExchangeRules& rules, storage::Time now);

}  // namespace reveille::device
