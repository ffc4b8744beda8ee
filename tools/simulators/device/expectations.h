#pragma once

#include <optional>
#include <set>
#include <string>

#include "protocol/mdm/command.h"
#include "protocol/mdm/report.h"
#include "tools/simulators/device/rules.h"

namespace reveille::simulators::device {

// Holds a server to the rules of one channel's queue.
class Expectations {
 public:
  // Idle: a new exchange, a new round.
  void begin_exchange() { put_off_now_.clear(); }
  // Authenticate was accepted: what was handed out before is void.
  void begin_life();

  // The rule that handing it out breaks.
  std::optional<Rule> on_handed_out(const mdm::CommandUuid& command);
  // The server has answered 2xx to this report.
  void on_answer_accepted(const mdm::CommandUuid& command, mdm::Status status);

 private:
  std::set<std::string> open_;  // handed out, no end state yet
  std::set<std::string> ended_;
  std::set<std::string> put_off_now_;
  std::set<std::string> void_;
};

}  // namespace reveille::simulators::device
