#pragma once

#include <string_view>

#include "protocol/http/message.h"

namespace reveille::device {

enum class Route {
  message,  // PUT /mdm, /checkin; POST too, since some clients know no better
  scep,     // /scep
  profile,  // /enrol/<challenge>
  not_found,
  wrong_method,  // of a message
};

// By path and method; the query is ignored.
Route route_of(const http::Request& request);

// Of a message: whether it is a check-in, or else a connect report. /checkin takes check-ins alone;
// at /mdm the Content-Type tells. Without one that we know, a MessageType at the body's top makes
// it a check-in: some clients send none. Parses the body then, so verify the caller before.
bool is_check_in(const http::Request& request);

// Of a message whose body is not here: whether its head alone says that it is a report.
bool is_report_by_head(const http::Request& head);

// The last segment of an enrolment link's path, as sent.
std::string_view challenge_of(const http::Request& request);

}  // namespace reveille::device
