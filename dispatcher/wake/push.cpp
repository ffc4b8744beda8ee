#include "dispatcher/wake/push.h"

#include "dispatcher/wake/schedule.h"

namespace reveille::wake {

apns::Push make_push(storage::DueWake& wake, std::uint64_t ticket, apns::Urgency urgency,
                     std::chrono::seconds expiration, storage::Time now) {
  std::chrono::sys_seconds expires{};  // 0: APNs tries once and keeps nothing
  if (expiration.count() > 0) expires = std::chrono::floor<std::chrono::seconds>(now) + expiration;
  return {.ticket = ticket,
          .urgency = urgency,
          .notification = {.push_token = std::move(wake.push_token),
                           .push_magic = std::move(wake.push_magic),
                           .expiration = expires},
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
