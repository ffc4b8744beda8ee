#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dispatcher/wake/wake_lanes.h"
#include "protocol/http/message.h"
#include "protocol/mdm/enrolment_id.h"
#include "storage/store.h"

namespace reveille::admin {

// What one request did for one enrolment; empty strings: nothing to say.
struct EnrolmentOutcome {
  std::string push_error;
  std::string push_result;  // Apple's apns-id; beside an error when Apple answered with one
  std::string command_error;
  bool pushed = false;  // APNs took it

  bool failed() const { return !push_error.empty() || !command_error.empty(); }
};

// What one request did for all.
struct RequestOutcome {
  // By id, in byte order; those that have something to say.
  std::map<std::string, EnrolmentOutcome> status;
  bool no_push = false;
  std::string push_error;     // the push failed as a whole
  std::string command_error;  // the command was not queued at all
  std::string command_uuid;
  std::string request_type;

  std::size_t asked = 0;  // different ids
  std::size_t queued = 0;
  std::size_t already_queued = 0;
  std::size_t pushed = 0;
};

// "" when the command is in the queue.
std::string_view command_error_of(storage::Enqueued enqueued);

void add_wake_result(EnrolmentOutcome& outcome, const wake::WakeResult& result);

// 200, 207 or 500: the table of nanomdm-api.md 3.
int status_of(const RequestOutcome& outcome);

// NanoMDM's result object, byte for byte, with its status.
http::Response nanomdm_reply(const RequestOutcome& outcome);

// Ours: counts, and the enrolments that failed. 200, or 207 when one failed.
http::Response our_reply(const RequestOutcome& outcome);

// An id of an enrolment list that was split at commas, without repetitions, in their first order.
std::vector<std::string> split_ids(std::string_view ids);

}  // namespace reveille::admin
