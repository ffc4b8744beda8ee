#pragma once

#include <functional>
#include <optional>
#include <string>

#include "protocol/apns/response.h"
#include "protocol/mdm/enrolment_id.h"

namespace reveille::wake {

// What became of a wake that somebody asked for by name.
struct WakeResult {
  mdm::EnrolmentId enrolment;
  std::optional<apns::Response> response;  // nullopt: no answer, and `failure` says why
  std::string failure;
};
using WakeReply = std::move_only_function<void(WakeResult)>;

}  // namespace reveille::wake
