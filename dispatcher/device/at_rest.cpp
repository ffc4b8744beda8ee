#include "dispatcher/device/at_rest.h"

#include "dispatcher/device/authorise.h"

namespace reveille::device {
namespace {

// A user channel has more to prove, and more is answered to a device that asks for more.
bool may_rest(const mdm::Report& report) {
  return report.status == mdm::Status::idle && !report.identity.is_user_channel() &&
         !report.need_sync_response && !report.user_configuration;
}

}  // namespace

bool is_at_rest(const storage::Store& store, const mdm::Report& report,
                const storage::Sha256& certificate, storage::Time now) {
  if (!may_rest(report)) return false;
  const auto glance = store.glance(report.identity.enrolment, now);
  if (!glance || !glance->at_rest) return false;
  const storage::Enrolment& device = glance->enrolment;
  return device.state == storage::EnrolmentState::enrolled && !device.awaiting_configuration &&
         is_accepted(device, certificate, now);
}

}  // namespace reveille::device
