#pragma once

#include "protocol/mdm/command.h"
#include "protocol/mdm/report.h"
#include "tools/simulators/device/dice.h"
#include "tools/simulators/device/kind.h"
#include "tools/simulators/device/scenario.h"

namespace reveille::simulators::device {

// DeviceConfigured and UserConfigured, which let a channel out of Setup Assistant.
bool ends_setup(const mdm::Command& command);

// How a command is answered.
struct Answer {
  mdm::Status status = mdm::Status::acknowledged;
  bool is_forgotten = false;     // not at all: the device restarts
  bool is_late = false;          // in the next connection
  bool is_large = false;         // Acknowledged only
  bool is_repeated = false;      // twice
  bool unknown_follows = false;  // and one to an unknown command after it
  bool not_now_follows = false;  // and, after an end state, a NotNow of the same command

  friend bool operator==(const Answer&, const Answer&) = default;
};

// Erase, lock and the queries that iOS never puts off get no NotNow (protocol.md section 4), an
// erase nothing but Acknowledged; user channels and User Enrolments cannot be erased. What ends
// Setup Assistant does not fail: the device would be held for good.
Answer answer_to(const mdm::Command& command, const Speaker& speaker,
                 const Scenario::Answers& rates, Dice& dice);

}  // namespace reveille::simulators::device
