#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocol/mdm/report.h"
#include "storage/records.h"

namespace reveille::device {

struct ExchangeTimeouts {
  // From a command handed out to its answer; four times as long each time that the device takes it
  // again without ever having answered, so that one that cannot is not pushed each minute for ever.
  std::chrono::seconds answer{60};
  std::chrono::seconds answer_max{86'400};
  std::chrono::seconds not_now_promised{3'600};  // the device will come by itself: only in case not
  std::chrono::seconds not_now_unpromised{60};   // it will not: another answer took that away
};

// The wake lanes look at every partition by themselves at least this often, so they are told only of
// wakes that are due sooner: telling them of each command handed out made them read the schedule
// once for each.
inline constexpr std::chrono::seconds wakes_reread_within{30};

// When the device is to be woken if it does not come by itself, after an answer of ours
// (protocol.md section 4): one that was handed a command owes its answer; one that put commands off
// comes by itself only if NotNow was its last word; nullopt when there is nothing to do.
struct HandedOut {
  std::uint32_t times_unanswered = 0;  // of the command, this time included; 0: none is handed out
  std::size_t put_off = 0;             // commands, when none is
};
std::optional<storage::Time> wake_after_exchange(const HandedOut& handed_out,
                                                 mdm::Status last_status,
                                                 const ExchangeTimeouts& timeouts,
                                                 storage::Time now);

}  // namespace reveille::device
