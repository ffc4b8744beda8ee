#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "dispatcher/apns/push.h"
#include "dispatcher/wake/schedule.h"
#include "dispatcher/wake/troubles.h"
#include "dispatcher/wake/wake_options.h"
#include "storage/records.h"

// Outcome: what APNs' answer means for the enrolment's schedule, its token and its topic.
// protocol.md section 6.3 has the table.
namespace reveille::wake {

enum class TopicNews : std::uint8_t {
  accepted,  // APNs takes pushes of this topic
  answered,  // the token's matter alone
  doubtful,  // the token's matter, or the topic's if every push meets it
  refused,   // APNs takes none, or there is no certificate for it
  failed,    // nobody knows
};

struct Settlement {
  storage::WakeRecord::Outcome record = storage::WakeRecord::Outcome::postponed;
  std::optional<storage::Time> next_due_at;  // nullopt: not before new work
  TopicNews topic = TopicNews::answered;
  bool token_rests = false;  // until next_due_at, whatever becomes due meanwhile
  Troubles::Rest whose_rest = Troubles::Rest::ours;
  bool is_our_defect = false;
};

// `failures_before`: of this token, in a row. The wake of a topic that is stopped, then or by this
// outcome, is postponed by the caller, who knows until when.
Settlement settle(const storage::DueWake& wake, const apns::PushOutcome& outcome,
                  std::uint32_t failures_before, const WakeOptions& options, storage::Time now,
                  Jitter& jitter);

// Of a parked enrolment whose time has come, WakeOptions::unreachable_after the 410: it ends, or it
// was heard of since and has as long again.
Settlement settle_parked(const storage::DueWake& wake, const WakeOptions& options,
                         storage::Time now);

// What operators are told: APNs' reason as it came, or why there was no answer.
std::string_view reason_of(const apns::PushOutcome& outcome);

}  // namespace reveille::wake
