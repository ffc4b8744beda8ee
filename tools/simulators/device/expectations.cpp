#include "tools/simulators/device/expectations.h"

#include <utility>

namespace reveille::simulators::device {

void Expectations::begin_life() {
  void_.merge(std::exchange(open_, {}));
  put_off_now_.clear();
}

std::optional<Rule> Expectations::on_handed_out(const mdm::CommandUuid& command) {
  if (ended_.contains(command.text)) return Rule::one_end_state;
  if (void_.contains(command.text)) return Rule::earlier_life_void;
  if (put_off_now_.contains(command.text)) return Rule::not_now_rest;
  open_.insert(command.text);
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

}  // namespace reveille::simulators::device
