#include "dispatcher/device/wake_after_exchange.h"

namespace reveille::device {

std::optional<storage::Time> wake_after_exchange(HandedOut handed_out, std::size_t put_off,
                                                 mdm::Status last_status,
                                                 const ExchangeTimeouts& timeouts,
                                                 storage::Time now) {
  if (handed_out == HandedOut::command) return now + timeouts.answer;
  if (put_off == 0) return std::nullopt;
  if (last_status == mdm::Status::not_now) return now + timeouts.not_now_promised;
  return now + timeouts.not_now_unpromised;
}

}  // namespace reveille::device
