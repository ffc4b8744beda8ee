#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "protocol/mdm/command.h"
#include "protocol/mdm/report.h"
#include "tools/simulators/device/rules.h"

namespace reveille::simulators::device {

// Holds a server to the rules of one channel's queue. A command that an operator cancels, or that
// expires, after it was handed out counts as pending: a scenario that judges logins has none.
class Expectations {
 public:
  // Idle: a new exchange, a new round.
  void begin_exchange() { put_off_now_.clear(); }
  // Authenticate was accepted: what was handed out before is void.
  void begin_life();

  // The rule that handing it out breaks.
  std::optional<Rule> on_handed_out(const mdm::Command& command);
  // The server has answered 2xx to this report.
  void on_answer_accepted(const mdm::CommandUuid& command, mdm::Status status);
  // The server has nothing more, and a user waits for it to be all there is.
  std::optional<Rule> on_end_of_login() const;

 private:
  enum class Place { any, last };  // of a command in its queue: last is what ends Setup Assistant
  bool has_pending(std::optional<Place> place) const;

  std::map<std::string, Place> open_;  // handed out, no end state yet
  std::set<std::string> ended_;
  std::set<std::string> put_off_now_;
  std::set<std::string> void_;
};

}  // namespace reveille::simulators::device
