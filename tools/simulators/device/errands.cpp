#include "tools/simulators/device/errands.h"

namespace reveille::simulators::device {
namespace {

bool can(const Speaker& speaker, Errand errand) {
  const KindTraits& traits = traits_of(speaker.kind);
  const bool is_device = !speaker.is_user_channel();
  switch (errand) {
    case Errand::token_update:
    case Errand::token:
    case Errand::declarations:
      return true;
    case Errand::renewal:
    case Errand::check_out:
    case Errand::silent_leave:
      return is_device;
    case Errand::restore:
      return is_device && !traits.is_account_driven;
    case Errand::enrol_again:
      // A User Enrolment that comes back is a new one, with another EnrollmentID.
      return is_device && !traits.by_enrolment_id;
    case Errand::bootstrap_token:
      return is_device && traits.is_mac && !traits.by_enrolment_id;
    case Errand::return_to_service:
      return speaker.kind == Kind::phones;
    case Errand::login:
      return speaker.is_user_channel() && speaker.user->is_network;
  }
  return false;
}

}  // namespace

std::vector<Errand> errands_of(const Speaker& speaker, const Scenario::Errands& rates, Dice& dice) {
  const std::pair<Errand, double> by_rate[] = {
      {Errand::login, rates.login_rate},
      {Errand::token_update, rates.token_update_rate},
      {Errand::restore, rates.restore_rate},
      {Errand::renewal, rates.renewal_rate},
      {Errand::enrol_again, rates.enrol_again_rate},
      {Errand::bootstrap_token, rates.bootstrap_token_rate},
      {Errand::token, rates.token_rate},
      {Errand::declarations, rates.declarations_rate},
      {Errand::return_to_service, rates.return_to_service_rate},
      {Errand::check_out, rates.check_out_rate},
      {Errand::silent_leave, rates.silent_leave_rate},
  };
  std::vector<Errand> errands;
  for (const auto& [errand, rate] : by_rate) {
    // Rolled for each, so that one rate does not change what the others do.
    if (!dice.hits(rate) || !can(speaker, errand)) continue;
    if (errand == Errand::check_out || errand == Errand::silent_leave) return {errand};
    errands.push_back(errand);
  }
  return errands;
}

}  // namespace reveille::simulators::device
