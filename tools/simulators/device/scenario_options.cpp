#include "tools/simulators/device/scenario_file.h"

namespace reveille::simulators::device {
namespace {

void visit_devices(Scenario& scenario, ScenarioVisitor& visitor) {
  constexpr double share_max = 1'000'000;
  visitor.section("devices", "How many are of each kind, in proportion to the sum.");
  constexpr const char* comments[kinds] = {
      "Phones with a profile installed by hand or by automated enrolment.",
      "Macs, with one channel for the device and one for each user.",
      "Shared iPads, with one channel for each Managed Apple Account.",
      "Account-driven Device Enrolment: a bearer token on every message.",
      "The same of Macs: a bearer token on the user channels only.",
      "User Enrolment (BYOD): EnrollmentID instead of a UDID, and a bearer token.",
      "The same of Macs.",
  };
  for (std::size_t i = 0; i < kinds; ++i) {
    visitor.number(kind_traits[i].name, scenario.devices[i], share_max, comments[i]);
  }
}

void visit_users(Scenario::Users& users, ScenarioVisitor& visitor) {
  visitor.section("users", "Who uses Macs and Shared iPads.");
  visitor.whole("per_mac_max", users.per_mac_max, 0, 16, "From 1 to so many; 0: none.");
  visitor.whole("per_shared_ipad_max", users.per_shared_ipad_max, 0, 16, "The same.");
  visitor.number("network_rate", users.network_rate, 1,
                 "Of the users of a Mac: network users, who begin with UserAuthenticate. Their\n"
                 "short names are fleet-user-1 to fleet-user-16.");
  visitor.text("password", users.password, {}, "Of every network user.");
  visitor.number("wrong_password_rate", users.wrong_password_rate, 1,
                 "Of their logins, with the policy digest: mistyped at first.");
}

void visit_setup(Scenario::Setup& setup, ScenarioVisitor& visitor) {
  visitor.section("setup", "Who begins in Setup Assistant.");
  visitor.number("awaiting_rate", setup.awaiting_rate, 1,
                 "Of phones, Macs and Shared iPads, and of the latter's users: say\n"
                 "AwaitingConfiguration until they are handed DeviceConfigured or UserConfigured.");
  visitor.number("user_configuration_rate", setup.user_configuration_rate, 1,
                 "Of the users of Macs: UserConfiguration in their first exchange, which puts all\n"
                 "off, then their first login.");
}

void visit_answers(Scenario::Answers& answers, ScenarioVisitor& visitor) {
  visitor.section("answers", "Of each command that is handed out.");
  visitor.number("not_now_rate", answers.not_now_rate, 1,
                 "Put off with NotNow, where a device may.");
  visitor.number("fail_rate", answers.fail_rate, 1, "Answered with Error.");
  visitor.number("format_error_rate", answers.format_error_rate, 1,
                 "Answered with CommandFormatError.");
  visitor.number("repeated_rate", answers.repeated_rate, 1,
                 "The same answer twice, NotNow too: the first 2xx was lost on its way.");
  visitor.number("late_rate", answers.late_rate, 1,
                 "The connection breaks before the answer, which begins the next one.");
  visitor.number("forgotten_rate", answers.forgotten_rate, 1,
                 "Never answered: the device restarts, and says Idle.");
  visitor.number("unknown_rate", answers.unknown_rate, 1,
                 "An answer to a command that the server does not know comes in between.");
  visitor.number("not_now_after_end_rate", answers.not_now_after_end_rate, 1,
                 "After its end, a NotNow of the same command arrives late.");
  visitor.number("large_rate", answers.large_rate, 1, "Acknowledged with a large result.");
  visitor.whole("large_kibibytes", answers.large_kibibytes, 1, 24'576, "Its size.");
  visitor.whole("late_milliseconds", answers.late_milliseconds, 0, 60'000,
                "From the broken connection to the late answer.");
}

void visit_errands(Scenario::Errands& errands, ScenarioVisitor& visitor) {
  visitor.section("errands", "What else a channel does before it says Idle. Of each connection.");
  visitor.number("token_update_rate", errands.token_update_rate, 1, "A new push token and magic.");
  visitor.number("renewal_rate", errands.renewal_rate, 1, "A new identity certificate, by SCEP.");
  visitor.number("restore_rate", errands.restore_rate, 1,
                 "Restored from its backup: TokenUpdate without Authenticate.");
  visitor.number("enrol_again_rate", errands.enrol_again_rate, 1,
                 "Authenticate again, which voids all before it.");
  visitor.number("bootstrap_token_rate", errands.bootstrap_token_rate, 1,
                 "Macs: SetBootstrapToken, then GetBootstrapToken.");
  visitor.number("token_rate", errands.token_rate, 1,
                 "GetToken of com.apple.maid, and of a service that does not exist.");
  visitor.number("declarations_rate", errands.declarations_rate, 1,
                 "DeclarativeManagement: tokens, declaration-items, a declaration, status.");
  visitor.number("login_rate", errands.login_rate, 1, "Network users: log in again.");
  visitor.number("waiting_login_rate", errands.waiting_login_rate, 1,
                 "Users of Macs: their login waits for all commands (NeedSyncResponse).");
  visitor.number("return_to_service_rate", errands.return_to_service_rate, 1,
                 "Phones: ReturnToService; with a link to spare they are erased and enrol anew.");
  visitor.number("check_out_rate", errands.check_out_rate, 1, "The device leaves with CheckOut.");
  visitor.number("silent_leave_rate", errands.silent_leave_rate, 1, "It leaves without a word.");
  visitor.number(
      "return_rate", errands.return_rate, 1,
      "Of those that were erased or have left by themselves: enrol anew, as long as there\n"
      "are links that nobody has used (--devices).");
}

}  // namespace

void visit_options(Scenario& scenario, ScenarioVisitor& visitor) {
  visit_devices(scenario, visitor);
  visit_users(scenario.users, visitor);
  visit_setup(scenario.setup, visitor);
  visit_answers(scenario.answers, visitor);
  visit_errands(scenario.errands, visitor);
  Scenario::Server& server = scenario.server;
  visitor.section("server", "What the server is configured for: its answers are judged by this.");
  visitor.text("users_policy", server.users_policy, {"refuse", "accept", "digest"},
               "users.policy of its reveille.toml.");
  visitor.flag("maid", server.maid, "It serves tokens for com.apple.maid.");
  visitor.flag("watch_pairing", server.watch_pairing, "And for com.apple.watch.pairing.");
  visitor.flag("declarations", server.declarations, "It serves or forwards declarations.");
  visitor.flag("return_to_service", server.return_to_service, "It answers ReturnToService.");
}

}  // namespace reveille::simulators::device
