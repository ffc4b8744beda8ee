#include "dispatcher/admin/why_wake.h"

#include <fmt/format.h>

#include "dispatcher/admin/time_text.h"

namespace reveille::admin {
namespace {

std::string times_pushed(const storage::WakeState& wake) {
  return fmt::format("pushed {} since {} and not heard of",
                     wake.attempts == 1 ? "once" : fmt::format("{} times", wake.attempts),
                     time_text(wake.first_pushed_at));
}

std::string why_due(const storage::WakeState& wake, storage::Time now) {
  if (*wake.due_at <= now) return "its push is due";
  const std::string next = "the next push is due at " + time_text(*wake.due_at);
  if (wake.attempts > 0) return times_pushed(wake) + ": " + next;
  if (!wake.last_apns_reason.empty()) return wake.last_apns_reason + ": " + next;
  return "it has connected, and is not done: " + next + " if it does not come before";
}

}  // namespace

std::string why_wake(const storage::Enrolment& enrolment, const storage::QueueState& queue,
                     const storage::WakeState& wake, storage::Time now) {
  if (enrolment.state == storage::EnrolmentState::ended) {
    return enrolment.end_reason == storage::EndReason::unreachable
               ? "it has ended: APNs called its token dead, and it was not heard of"
               : "it has ended";
  }
  if (!enrolment.has_push_token) return "it has sent no push token yet";
  if (enrolment.push_parked) {
    return fmt::format("APNs refuses its push token ({}): pushed after its next TokenUpdate{}",
                       wake.last_apns_reason,
                       wake.due_at ? ", and given up at " + time_text(*wake.due_at) +
                                         " unless it is heard of before"
                                   : "");
  }
  if (wake.due_at) return why_due(wake, now);
  if (queue.ready + queue.put_off == 0) return "it has nothing to do";
  if (wake.attempts == 0) return "queued without a push: it gets its work when it connects";
  return times_pushed(wake) + " for long: pushed again for new work only, or once it has connected";
}

}  // namespace reveille::admin
