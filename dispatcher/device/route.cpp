#include "dispatcher/device/route.h"

#include <algorithm>
#include <string>

#include "protocol/plist/parse.h"

namespace reveille::device {
namespace {

constexpr std::string_view links = "/enrol/";

// Parameters ("; charset=UTF-8") dropped, lower case.
std::string media_type(std::string_view value) {
  std::string type(value.substr(0, value.find(';')));
  while (type.ends_with(' ') || type.ends_with('\t')) type.pop_back();
  std::ranges::transform(type, type.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return type;
}

bool has_message_type(BytesView body) {
  // Most messages lack the word altogether: they need not be parsed twice.
  if (body.find("MessageType") == BytesView::npos) return false;
  const auto message = plist::parse_dictionary(body);
  return message && message->find("MessageType") != nullptr;
}

}  // namespace

Route route_of(const http::Request& request) {
  const std::string_view path = request.path();
  if (path == "/mdm" || path == "/checkin") {
    const bool is_sent = request.method == "PUT" || request.method == "POST";
    return is_sent ? Route::message : Route::wrong_method;
  }
  if (path == "/scep") return Route::scep;
  const bool is_link = path.starts_with(links) && path.size() > links.size() &&
                       path.find('/', links.size()) == path.npos;
  return is_link ? Route::profile : Route::not_found;
}

bool is_check_in(const http::Request& request) {
  if (request.path() == "/checkin") return true;
  const std::string type = media_type(request.header("content-type").value_or(""));
  if (type == "application/x-apple-aspen-mdm-checkin") return true;
  if (type == "application/x-apple-aspen-mdm") return false;
  return has_message_type(request.body);
}

bool is_report_by_head(const http::Request& head) {
  return head.path() == "/mdm" &&
         media_type(head.header("content-type").value_or("")) == "application/x-apple-aspen-mdm";
}

std::string_view challenge_of(const http::Request& request) {
  return request.path().substr(links.size());
}

}  // namespace reveille::device
