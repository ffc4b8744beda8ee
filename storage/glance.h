#pragma once

#include <chrono>

#include "storage/records.h"

namespace reveille::storage {

// An enrolment, looked at in passing: Store::glance().
struct Glance {
  Enrolment enrolment;
  // Nothing is queued, no wake is due or under way, and the device was seen within
  // last_seen_resolution: a connect that reports nothing would change nothing here.
  bool at_rest = false;
};

// The part of `at_rest` that every engine judges alike: neither touch() nor reschedule_wake()
// without a time would change the state.
inline bool wakes_are_quiet(const WakeState& wake, std::chrono::milliseconds last_seen_resolution,
                            Time now) {
  return !wake.due_at && wake.attempts == 0 && wake.last_seen_at != Time{} &&
         now - wake.last_seen_at < last_seen_resolution;
}

}  // namespace reveille::storage
