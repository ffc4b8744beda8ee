#pragma once

#include <functional>

#include "dispatcher/apns/push.h"
#include "dispatcher/wake/moment.h"
#include "dispatcher/wake/wake_options.h"
#include "storage/records.h"

// Push: a wake becomes a notification and goes to the client.
namespace reveille::wake {

// apns::Client::submit(). False: its queue is full, and `push` is as it was.
using SubmitPush = std::function<bool(apns::Push& push)>;

// Until when APNs keeps the push of this wake; 0: it tries once. A push that no other follows
// (WakeOptions::long_silence) is kept for as long as may be. Times of a day and more are rounded up
// to full hours, so that most pushes of a connection share the value, and HPACK's index of it.
std::chrono::sys_seconds expiration_of(const storage::DueWake& wake, const WakeOptions& options,
                                       storage::Time now);

// Moves token, magic and topic out of the wake; take_back() returns them.
apns::Push make_push(storage::DueWake& wake, std::uint64_t ticket, apns::Urgency urgency,
                     std::chrono::sys_seconds expiration);
void take_back(storage::DueWake& wake, apns::Push&& push);

// How long to leave a client alone whose queue is full: 1 ms, doubling up to 64.
class SubmitRest {
 public:
  void submitted() { refusals_ = 0; }
  // Answers until when.
  Clock::SteadyTime refused(Clock::SteadyTime now);

 private:
  std::uint32_t refusals_ = 0;  // in a row
};

}  // namespace reveille::wake
