#include "dispatcher/enrolment/text_response.h"

#include <string>

namespace reveille {

http::Response text_response(int status, std::string_view text) {
  http::Response response;
  response.status = status;
  response.headers.push_back({"content-type", "text/plain; charset=utf-8"});
  response.headers.push_back({"cache-control", "no-store"});
  response.body = std::string(text) + "\n";
  return response;
}

http::Response method_not_allowed(std::string_view allowed) {
  http::Response response = text_response(405, "this resource takes " + std::string(allowed));
  response.headers.push_back({"allow", std::string(allowed)});
  return response;
}

}  // namespace reveille
