#include "dispatcher/admin/replies.h"

#include <utility>

#include "dispatcher/admin/json_writer.h"
#include "dispatcher/http/error_status.h"

namespace reveille::admin {

http::Response json_reply(int status, std::string json) {
  http::Response response;
  response.status = status;
  response.headers.push_back({"content-type", "application/json"});
  response.body = std::move(json);
  return response;
}

http::Response error_reply(int status, std::string_view error) {
  JsonWriter json;
  json.begin_object();
  json.member("error", error);
  json.end_object();
  return json_reply(status, json.finish());
}

http::Response error_reply(const Error& error) {
  return error_reply(http::status_of(error.code), error.detail);
}

http::Response text_reply(int status, std::string_view text) {
  http::Response response;
  response.status = status;
  response.headers.push_back({"content-type", "text/plain; charset=utf-8"});
  response.headers.push_back({"x-content-type-options", "nosniff"});
  response.body = std::string(text) + "\n";
  return response;
}

}  // namespace reveille::admin
