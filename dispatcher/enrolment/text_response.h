#pragma once

#include <string_view>

#include "protocol/http/message.h"

namespace reveille {

// The text and a newline, for people; kept by nobody on the way.
http::Response text_response(int status, std::string_view text);

// 405, naming what the resource takes: "GET, POST".
http::Response method_not_allowed(std::string_view allowed);

}  // namespace reveille
