#pragma once

#include <string>
#include <string_view>

#include "protocol/base/error.h"
#include "protocol/http/message.h"

namespace reveille::admin {

// A JSON text, as JsonWriter finishes it.
http::Response json_reply(int status, std::string json);

// {"error": "..."}
http::Response error_reply(int status, std::string_view error);
http::Response error_reply(const Error& error);  // its status: dispatcher/http/error_status.h

// The text and a newline, as NanoMDM's plain errors are.
http::Response text_reply(int status, std::string_view text);

}  // namespace reveille::admin
