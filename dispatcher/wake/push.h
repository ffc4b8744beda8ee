#pragma once

#include <functional>

#include "dispatcher/apns/push.h"
#include "dispatcher/wake/moment.h"
#include "storage/records.h"

// Push: a wake becomes a notification and goes to the client.
namespace reveille::wake {

// apns::Client::submit(). False: its queue is full, and `push` is as it was.
using SubmitPush = std::function<bool(apns::Push& push)>;

// Moves token, magic and topic out of the wake; take_back() returns them.
apns::Push make_push(storage::DueWake& wake, std::uint64_t ticket, apns::Urgency urgency,
                     std::chrono::seconds expiration, storage::Time now);
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
