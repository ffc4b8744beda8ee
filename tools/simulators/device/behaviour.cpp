#include "tools/simulators/device/behaviour.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "protocol/plist/value.h"
#include "protocol/plist/write.h"

namespace reveille::simulators::device {
namespace {

using plist::Dictionary;

constexpr std::array<std::string_view, 8> never_put_off = {"DeviceInformation",
                                                           "ProfileList",
                                                           "DeviceLock",
                                                           "EraseDevice",
                                                           "ClearPasscode",
                                                           "ProvisioningProfileList",
                                                           "InstalledApplicationList",
                                                           "Restrictions"};

Dictionary device_information(const std::string& udid) {
  return Dictionary{{"UDID", udid},
                    {"DeviceName", "Simulated iPhone"},
                    {"OSVersion", "18.1"},
                    {"BuildVersion", "22B83"},
                    {"ModelName", "iPhone"},
                    {"ProductName", "iPhone16,1"},
                    {"DeviceCapacity", 128.0},
                    {"AvailableDeviceCapacity", 96.5},
                    {"BatteryLevel", 0.73},
                    {"IsSupervised", false}};
}

}  // namespace

mdm::Status Behaviour::answer_to(const mdm::Command& command) {
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  const double not_now_dice = uniform(generator_);
  const double fail_dice = uniform(generator_);
  const bool may_put_off =
      std::ranges::find(never_put_off, command.request_type) == never_put_off.end();
  if (may_put_off && not_now_dice < not_now_rate_) return mdm::Status::not_now;
  if (command.request_type != "EraseDevice" && fail_dice < fail_rate_) return mdm::Status::error;
  return mdm::Status::acknowledged;
}

std::optional<std::string> Expectations::on_handed_out(const mdm::CommandUuid& command) {
  if (ended_.contains(command.text)) return "a command was handed out after its end state";
  if (put_off_now_.contains(command.text)) {
    return "a command was handed out again in the exchange that put it off";
  }
  return std::nullopt;
}

void Expectations::on_answer_accepted(const mdm::CommandUuid& command, mdm::Status status) {
  if (status == mdm::Status::not_now) {
    put_off_now_.insert(command.text);
  } else {
    ended_.insert(command.text);
  }
}

Bytes authenticate_body(const std::string& udid, const std::string& serial_number,
                        const std::string& topic) {
  return plist::write_xml(Dictionary{{"MessageType", "Authenticate"},
                                     {"BuildVersion", "22B83"},
                                     {"OSVersion", "18.1"},
                                     {"ProductName", "iPhone16,1"},
                                     {"SerialNumber", serial_number},
                                     {"Topic", topic},
                                     {"UDID", udid}});
}

Bytes token_update_body(const std::string& udid, const std::string& topic, BytesView push_token,
                        const std::string& push_magic) {
  return plist::write_xml(Dictionary{{"MessageType", "TokenUpdate"},
                                     {"AwaitingConfiguration", false},
                                     {"PushMagic", push_magic},
                                     {"Token", plist::Data{Bytes(push_token)}},
                                     {"Topic", topic},
                                     {"UDID", udid}});
}

Bytes check_out_body(const std::string& udid, const std::string& topic) {
  return plist::write_xml(
      Dictionary{{"MessageType", "CheckOut"}, {"Topic", topic}, {"UDID", udid}});
}

Bytes report_body(const std::string& udid, mdm::Status status,
                  const std::optional<mdm::Command>& command) {
  Dictionary body{{"Status", mdm::name_of(status)}, {"UDID", udid}};
  if (command) body.set("CommandUUID", command->uuid.text);
  if (status == mdm::Status::error) {
    const Dictionary item{{"ErrorCode", 12021},
                          {"ErrorDomain", "MCMDMErrorDomain"},
                          {"LocalizedDescription", "The simulated device was told to fail."},
                          {"USEnglishDescription", "The simulated device was told to fail."}};
    body.set("ErrorChain", plist::Array{item});
  }
  if (status == mdm::Status::acknowledged && command &&
      command->request_type == "DeviceInformation") {
    body.set("QueryResponses", device_information(udid));
  }
  return plist::write_xml(body);
}

}  // namespace reveille::simulators::device
