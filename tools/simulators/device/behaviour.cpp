#include "tools/simulators/device/behaviour.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace reveille::simulators::device {
namespace {

constexpr std::array<std::string_view, 8> never_put_off = {"DeviceInformation",
                                                           "ProfileList",
                                                           "DeviceLock",
                                                           "EraseDevice",
                                                           "ClearPasscode",
                                                           "ProvisioningProfileList",
                                                           "InstalledApplicationList",
                                                           "Restrictions"};

bool may_put_off(const mdm::Command& command) {
  return std::ranges::find(never_put_off, command.request_type) == never_put_off.end();
}

mdm::Status status_of(const mdm::Command& command, const Scenario::Answers& rates, Dice& dice) {
  const bool puts_off = dice.hits(rates.not_now_rate);
  const bool fails = dice.hits(rates.fail_rate);
  const bool cannot_read = dice.hits(rates.format_error_rate);
  if (puts_off && may_put_off(command)) return mdm::Status::not_now;
  if (ends_setup(command)) return mdm::Status::acknowledged;
  if (fails) return mdm::Status::error;
  return cannot_read ? mdm::Status::command_format_error : mdm::Status::acknowledged;
}

}  // namespace

bool ends_setup(const mdm::Command& command) {
  return command.request_type == "DeviceConfigured" || command.request_type == "UserConfigured";
}

Answer answer_to(const mdm::Command& command, const Speaker& speaker,
                 const Scenario::Answers& rates, Dice& dice) {
  Answer answer;
  answer.status = status_of(command, rates, dice);
  answer.is_forgotten = dice.hits(rates.forgotten_rate);
  answer.is_late = dice.hits(rates.late_rate);
  answer.is_large = dice.hits(rates.large_rate) && answer.status == mdm::Status::acknowledged;
  answer.is_repeated = dice.hits(rates.repeated_rate);
  answer.unknown_follows = dice.hits(rates.unknown_rate);
  answer.not_now_follows =
      dice.hits(rates.not_now_after_end_rate) && answer.status != mdm::Status::not_now;
  if (command.request_type != "EraseDevice") return answer;
  const bool can_erase = !speaker.is_user_channel() && !traits_of(speaker.kind).by_enrolment_id;
  if (!can_erase) return {.status = mdm::Status::error};
  return {.status = mdm::Status::acknowledged};
}

}  // namespace reveille::simulators::device
