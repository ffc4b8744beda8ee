#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "tools/simulators/device/kind.h"

namespace reveille::simulators::device {

// What a fleet consists of and how it lives. Rates are probabilities from 0 to 1.
// Meaning and range of each value: scenario_options.cpp.
struct Scenario {
  // How many of the devices are of each kind, in proportion to the sum.
  std::array<double, kinds> devices = {1, 0, 0, 0, 0, 0, 0};
  double& share_of(Kind kind) { return devices[static_cast<std::size_t>(kind)]; }
  double share_of(Kind kind) const { return devices[static_cast<std::size_t>(kind)]; }

  struct Users {
    std::int64_t per_mac_max = 2;  // at least one
    std::int64_t per_shared_ipad_max = 3;
    double network_rate = 0;
    std::string password = "simulated";
    double wrong_password_rate = 0;
  } users;

  // Setup Assistant: of those whom it can hold.
  struct Setup {
    double awaiting_rate = 0;
    double user_configuration_rate = 0;
  } setup;

  // Of each command handed out.
  struct Answers {
    double not_now_rate = 0;
    double fail_rate = 0;
    double format_error_rate = 0;
    double repeated_rate = 0;
    double late_rate = 0;
    double forgotten_rate = 0;
    double unknown_rate = 0;
    double not_now_after_end_rate = 0;
    double large_rate = 0;
    std::int64_t large_kibibytes = 256;
    std::int64_t late_milliseconds = 50;
  } answers;

  // Of each connection.
  struct Errands {
    double token_update_rate = 0;
    double renewal_rate = 0;
    double restore_rate = 0;
    double enrol_again_rate = 0;
    double bootstrap_token_rate = 0;
    double token_rate = 0;
    double declarations_rate = 0;
    double login_rate = 0;
    double waiting_login_rate = 0;
    double return_to_service_rate = 0;
    double check_out_rate = 0;
    double silent_leave_rate = 0;
    double return_rate = 0;
  } errands;

  // What the server is configured for, so that its answers can be judged.
  struct Server {
    std::string users_policy = "refuse";
    bool maid = false;
    bool watch_pairing = false;
    bool declarations = false;
    bool return_to_service = false;
  } server;
};

}  // namespace reveille::simulators::device
