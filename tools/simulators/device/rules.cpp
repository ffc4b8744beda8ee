#include "tools/simulators/device/rules.h"

namespace reveille::simulators::device {

const char* name_of(Rule rule) {
  switch (rule) {
    case Rule::enrolment:
      return "enrolment";
    case Rule::command_readable:
      return "command_readable";
    case Rule::one_end_state:
      return "one_end_state";
    case Rule::not_now_rest:
      return "not_now_rest";
    case Rule::earlier_life_void:
      return "earlier_life_void";
    case Rule::configured_last:
      return "configured_last";
    case Rule::all_at_login:
      return "all_at_login";
    case Rule::report_accepted:
      return "report_accepted";
    case Rule::check_in_accepted:
      return "check_in_accepted";
    case Rule::empty_answer:
      return "empty_answer";
    case Rule::no_accidental_end:
      return "no_accidental_end";
    case Rule::push_magic:
      return "push_magic";
    case Rule::user_policy:
      return "user_policy";
    case Rule::bootstrap_token_kept:
      return "bootstrap_token_kept";
    case Rule::token_service:
      return "token_service";
    case Rule::declaration_answer:
      return "declaration_answer";
    case Rule::return_to_service:
      return "return_to_service";
    case Rule::renewal:
      return "renewal";
    case Rule::ended_stays_ended:
      return "ended_stays_ended";
  }
  return "unknown";
}

}  // namespace reveille::simulators::device
