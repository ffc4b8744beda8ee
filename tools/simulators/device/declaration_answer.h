#pragma once

#include <string>
#include <string_view>

#include "protocol/http/message.h"

namespace reveille::simulators::device {

// What is wrong with an answer to DeclarativeManagement, by protocol.md section 5; empty when
// nothing is. `is_served`: whether the server is configured for it.
std::string fault_of_declaration_answer(std::string_view endpoint, const http::Response& response,
                                        bool is_served);

}  // namespace reveille::simulators::device
