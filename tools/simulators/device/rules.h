#pragma once

namespace reveille::simulators::device {

// What a fleet holds its server to. Each broken one is counted under its name.
enum class Rule {
  enrolment,             // whoever has a link and a topic is enrolled
  command_readable,      // what is handed out is a command
  one_end_state,         // nothing is handed out after its end state
  not_now_rest,          // nor again in the exchange that put it off
  earlier_life_void,     // nor after an Authenticate, when it was handed out before
  configured_last,       // what ends Setup Assistant comes when nothing else can
  all_at_login,          // a login that waits is handed all that is pending before the empty body
  report_accepted,       // an enrolled device's report gets 200
  check_in_accepted,     // and so do its check-in messages
  empty_answer,          // zero bytes where protocol.md section 3 has no body
  no_accidental_end,     // no 401 without WWW-Authenticate, no 403
  push_magic,            // a push carries the PushMagic of its token's channel
  user_policy,           // UserAuthenticate is answered as the policy says
  bootstrap_token_kept,  // GetBootstrapToken brings what SetBootstrapToken took
  token_service,         // GetToken: a token from a known service, 400 from an unknown one
  declaration_answer,    // DeclarativeManagement is answered as section 5 says
  return_to_service,     // ReturnToService is answered as configured, or 400
  renewal,               // an enrolled device's certificate is renewed
  ended_stays_ended,     // TokenUpdate without Authenticate does not undo an erase or a CheckOut
};

const char* name_of(Rule rule);

}  // namespace reveille::simulators::device
