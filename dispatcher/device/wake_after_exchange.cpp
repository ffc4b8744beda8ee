#include "dispatcher/device/wake_after_exchange.h"

#include <algorithm>

namespace reveille::device {

namespace {

std::chrono::seconds answer_time(const ExchangeTimeouts& timeouts, std::uint32_t times_unanswered) {
  std::chrono::seconds time = timeouts.answer;
  for (std::uint32_t i = 1; i < times_unanswered && time < timeouts.answer_max; ++i) time *= 4;
  return std::min(time, std::max(timeouts.answer, timeouts.answer_max));
}

}  // namespace

std::optional<storage::Time> wake_after_exchange(const HandedOut& handed_out,
                                                 mdm::Status last_status,
                                                 const ExchangeTimeouts& timeouts,
                                                 storage::Time now) {
  if (handed_out.times_unanswered > 0) {
    return now + answer_time(timeouts, handed_out.times_unanswered);
  }
  if (handed_out.put_off == 0) return std::nullopt;
  if (last_status == mdm::Status::not_now) return now + timeouts.not_now_promised;
  return now + timeouts.not_now_unpromised;
}

}  // namespace reveille::device
