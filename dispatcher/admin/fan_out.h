#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher/admin/parts.h"
#include "dispatcher/admin/push_outcomes.h"
#include "protocol/mdm/command.h"

namespace reveille::admin {

// What one request asks for many enrolments.
struct FanOut {
  std::vector<std::string> ids;         // no id twice
  std::optional<mdm::Command> command;  // appended to each queue

  enum class Push {
    none,     // the wake schedule stays as it was
    now,      // one push to each that has a token, in answer to this request
    durable,  // the same, and due until the device connects: with or without work
  } push = Push::now;

  // Ahead of batches: a few devices, since somebody waits for the answer, and whatever protects a
  // lost device.
  storage::Priority priority() const;
};

// Stores the command, then all rows of a partition in one job each, side by side; after their
// commits one push for each enrolment, and the answers of those that came within push_wait. A push
// that was not answered leaves its enrolment due for a wake. Wake lanes that are full take the rest
// as they get room: that is waited for, and no error before push_wait is over.
//
// Everything that was queued is durable when this returns. A command that cannot be stored (its
// UUID is taken, the disk is full) is command_error, and nothing is pushed then.
boost::asio::awaitable<RequestOutcome> fan_out(const Parts& parts, FanOut order);

}  // namespace reveille::admin
