#include "tools/simulators/device/setup_assistant.h"

#include <utility>

#include "tools/simulators/device/behaviour.h"

namespace reveille::simulators::device {
namespace {

// Automated enrolment: what phones and Macs may have, and Shared iPads always do.
bool can_await(const Speaker& speaker) {
  if (speaker.kind == Kind::shared_ipads) return true;
  const bool is_automated = speaker.kind == Kind::phones || speaker.kind == Kind::macs;
  return is_automated && !speaker.is_user_channel();
}

}  // namespace

void SetupAssistant::begin(const Speaker& speaker, const Scenario::Setup& rates, Dice& dice) {
  // Rolled for each, so that one rate does not change what the other does.
  const bool awaits = dice.hits(rates.awaiting_rate);
  const bool is_created = dice.hits(rates.user_configuration_rate);
  const bool is_mac_user = speaker.is_user_channel() && traits_of(speaker.kind).is_mac;
  is_awaiting_ = awaits && can_await(speaker);
  user_ = is_created && is_mac_user ? User::in_setup : User::exists;
}

Occasion SetupAssistant::begin_exchange(bool waits) {
  if (user_ == User::in_setup) return Occasion::user_setup;
  const bool is_first_login = std::exchange(user_, User::exists) == User::created;
  return is_first_login || waits ? Occasion::login : Occasion::ordinary;
}

bool SetupAssistant::puts_off(const mdm::Command& command) const {
  return user_ == User::in_setup && !ends_setup(command);
}

void SetupAssistant::on_acknowledged(const mdm::Command& command) {
  if (!ends_setup(command)) return;
  is_awaiting_ = false;
  on_empty_body();
}

void SetupAssistant::on_empty_body() {
  if (user_ == User::in_setup) user_ = User::created;
}

}  // namespace reveille::simulators::device
