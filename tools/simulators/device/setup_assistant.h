#pragma once

#include "protocol/mdm/command.h"
#include "tools/simulators/device/dice.h"
#include "tools/simulators/device/kind.h"
#include "tools/simulators/device/scenario.h"

namespace reveille::simulators::device {

// What an exchange is to a user of a Mac, and what its messages say of it.
enum class Occasion {
  ordinary,
  login,       // NeedSyncResponse: the user waits for all commands
  user_setup,  // UserConfiguration: the user does not exist yet
};

// One channel in Setup Assistant (protocol.md section 4, AwaitingConfiguration, UserConfiguration).
//
//   of a phone, a Mac, a Shared iPad, and a user of the latter:
//     awaiting ─DeviceConfigured | UserConfigured, acknowledged─► out of it
//   of a user of a Mac:
//     in setup ─empty body, or DeviceConfigured─► created ─next exchange, the first login─► exists
class SetupAssistant {
 public:
  // A new life of the channel.
  void begin(const Speaker& speaker, const Scenario::Setup& rates, Dice& dice);

  bool is_awaiting() const { return is_awaiting_; }
  // A user who was created logs in without being pushed.
  bool logs_in_next() const { return user_ == User::created; }

  // Of the exchange that begins now; `waits`: somebody who is out of setup logs in, and waits.
  Occasion begin_exchange(bool waits);
  // A user who does not exist yet gets nothing done, but DeviceConfigured.
  bool puts_off(const mdm::Command& command) const;
  void on_acknowledged(const mdm::Command& command);
  void on_empty_body();

 private:
  enum class User { exists, in_setup, created };

  bool is_awaiting_ = false;
  User user_ = User::exists;
};

}  // namespace reveille::simulators::device
