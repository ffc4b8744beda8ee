#pragma once

#include <chrono>
#include <string>

namespace reveille::admin {

// RFC 3339, UTC, whole seconds: "2027-11-24T09:12:54Z".
std::string time_text(std::chrono::sys_time<std::chrono::milliseconds> time);

}  // namespace reveille::admin
