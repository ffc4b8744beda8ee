#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/mdm/command.h"
#include "protocol/mdm/report.h"
#include "tools/simulators/device/options.h"

// What a device answers, and what it expects of its server: plain values, no socket.
namespace reveille::simulators::device {

class Behaviour {
 public:
  Behaviour(const FleetOptions& options, std::uint64_t device)
      : not_now_rate_(options.not_now_rate),
        fail_rate_(options.fail_rate),
        generator_(options.seed * 0x9E3779B97F4A7C15u + device) {}

  // How this device will answer `command`. Erase, lock and DeviceInformation never get NotNow
  // (protocol.md section 4, iOS).
  mdm::Status answer_to(const mdm::Command& command);

 private:
  double not_now_rate_;
  double fail_rate_;
  std::mt19937_64 generator_;
};

// Holds a server to the rules of the queue. Each method says which expectation is broken.
class Expectations {
 public:
  // A device connects (Idle): a new exchange, a new round.
  void begin_exchange() { put_off_now_.clear(); }

  std::optional<std::string> on_handed_out(const mdm::CommandUuid& command);
  // The server has answered 2xx to this report.
  void on_answer_accepted(const mdm::CommandUuid& command, mdm::Status status);

 private:
  std::set<std::string> ended_;
  std::set<std::string> put_off_now_;
};

// Bodies as a device of protocol.md sends them.
Bytes authenticate_body(const std::string& udid, const std::string& serial_number,
                        const std::string& topic);
Bytes token_update_body(const std::string& udid, const std::string& topic, BytesView push_token,
                        const std::string& push_magic);
Bytes check_out_body(const std::string& udid, const std::string& topic);
Bytes report_body(const std::string& udid, mdm::Status status,
                  const std::optional<mdm::Command>& command);

}  // namespace reveille::simulators::device
