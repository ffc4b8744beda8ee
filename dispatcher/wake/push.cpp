#include "dispatcher/wake/push.h"

#include <algorithm>

#include "dispatcher/wake/schedule.h"

namespace reveille::wake {

namespace {

// But for jitter.
bool may_be_last(const storage::DueWake& wake, const WakeOptions& options, storage::Time now) {
  if (options.long_silence.count() == 0 || wake.attempts == 0) return false;
  const auto next = now + silence_after(options.silence, wake.attempts);
  return next > wake.first_pushed_at + options.long_silence;
}

}  // namespace

std::chrono::sys_seconds expiration_of(const storage::DueWake& wake, const WakeOptions& options,
                                       storage::Time now) {
  using std::chrono::ceil;
  auto kept_for = options.expiration;
  if (may_be_last(wake, options, now)) kept_for = options.expiration_max;
  if (wake.work_expires_at) kept_for = ceil<std::chrono::seconds>(*wake.work_expires_at - now);
  kept_for = std::min(kept_for, options.expiration_max);
  if (kept_for.count() <= 0) return {};
  const auto expires_at = ceil<std::chrono::seconds>(now + kept_for);
  return kept_for < std::chrono::days(1) ? expires_at : ceil<std::chrono::hours>(expires_at);
}

apns::Push make_push(storage::DueWake& wake, std::uint64_t ticket, apns::Urgency urgency,
                     std::chrono::sys_seconds expiration) {
  return {.ticket = ticket,
          .urgency = urgency,
          .notification = {.push_token = std::move(wake.push_token),
                           .push_magic = std::move(wake.push_magic),
                           .expiration = expiration},
          .topic = std::move(wake.topic)};
}

void take_back(storage::DueWake& wake, apns::Push&& push) {
  wake.push_token = std::move(push.notification.push_token);
  wake.push_magic = std::move(push.notification.push_magic);
  wake.topic = std::move(push.topic);
}

Clock::SteadyTime SubmitRest::refused(Clock::SteadyTime now) {
  constexpr std::chrono::milliseconds first{1}, max{64};
  return now + back_off(first, max, refusals_++);
}

}  // namespace reveille::wake
