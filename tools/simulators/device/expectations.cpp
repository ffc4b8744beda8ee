#include "tools/simulators/device/expectations.h"

#include <algorithm>
#include <utility>

#include "tools/simulators/device/behaviour.h"

namespace reveille::simulators::device {

void Expectations::begin_life() {
  for (const auto& [uuid, place] : std::exchange(open_, {})) void_.insert(uuid);
  put_off_now_.clear();
}

std::optional<Rule> Expectations::on_handed_out(const mdm::Command& command) {
  const std::string& uuid = command.uuid.text;
  if (ended_.contains(uuid)) return Rule::one_end_state;
  if (void_.contains(uuid)) return Rule::earlier_life_void;
  if (put_off_now_.contains(uuid)) return Rule::not_now_rest;
  const Place place = ends_setup(command) ? Place::last : Place::any;
  const bool is_early = place == Place::last && has_pending(Place::any);
  open_.emplace(uuid, place);
  if (is_early) return Rule::configured_last;
  return std::nullopt;
}

void Expectations::on_answer_accepted(const mdm::CommandUuid& command, mdm::Status status) {
  if (status == mdm::Status::not_now) {
    put_off_now_.insert(command.text);
  } else {
    open_.erase(command.text);
    ended_.insert(command.text);
  }
}

std::optional<Rule> Expectations::on_end_of_login() const {
  if (has_pending(std::nullopt)) return Rule::all_at_login;
  return std::nullopt;
}

// Beside those that the device itself has put off in this exchange.
bool Expectations::has_pending(std::optional<Place> place) const {
  return std::ranges::any_of(open_, [&](const auto& command) {
    return !put_off_now_.contains(command.first) && (!place || command.second == *place);
  });
}

}  // namespace reveille::simulators::device
