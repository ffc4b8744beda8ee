#pragma once

#include <vector>

#include "tools/simulators/device/dice.h"
#include "tools/simulators/device/kind.h"
#include "tools/simulators/device/scenario.h"

namespace reveille::simulators::device {

// What a channel does beside answering commands.
enum class Errand {
  token_update,
  renewal,
  restore,
  enrol_again,
  bootstrap_token,
  token,
  declarations,
  login,
  return_to_service,
  check_out,
  silent_leave,
};

// Those of one connection, in order; what ends the enrolment comes last and alone. Only what this
// speaker can do: section 3 of protocol.md says for each message which channels and kinds send it.
std::vector<Errand> errands_of(const Speaker& speaker, const Scenario::Errands& rates, Dice& dice);

}  // namespace reveille::simulators::device
