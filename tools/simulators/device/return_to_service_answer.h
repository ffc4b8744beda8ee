#pragma once

#include <string>

#include "protocol/http/message.h"

namespace reveille::simulators::device {

// What is wrong with an answer to the check-in message ReturnToService of a device that has
// escrowed no bootstrap token; empty when it is right. `is_served`: the server is configured for
// it. Keys: mdm/checkin/returntoservice.yaml of the releases for the systems 26.
std::string fault_of_return_to_service_answer(const http::Response& response, bool is_served);

}  // namespace reveille::simulators::device
