#include <utility>

#include "dispatcher/admin/command_request.h"
#include "dispatcher/admin/json_writer.h"
#include "dispatcher/admin/replies.h"
#include "dispatcher/admin/resources.h"
#include "dispatcher/admin/time_text.h"

namespace reveille::admin {

namespace {

constexpr std::int64_t valid_seconds_max = 365 * 86'400;

// An optional whole number of at least 1.
Result<std::int64_t> read_number(const boost::json::object& object, std::string_view key,
                                 std::int64_t otherwise, std::int64_t max) {
  const boost::json::value* value =
      object.if_contains(boost::json::string_view(key.data(), key.size()));
  if (value == nullptr) return otherwise;
  if (!value->is_int64() || value->get_int64() < 1 || value->get_int64() > max) {
    return failure(ErrorCode::malformed,
                   "\"" + std::string(key) + "\" must be 1 to " + std::to_string(max));
  }
  return value->get_int64();
}

}  // namespace

Reply create_enrolment_links(const Parts& parts, const Exchange& exchange) {
  const std::string_view body = exchange.request.body;
  const Result<boost::json::object> object = parse_json_object(body.empty() ? "{}" : body);
  if (!object) co_return error_reply(object.error());
  const auto links_max = static_cast<std::int64_t>(parts.options.links_max);
  const Result<std::int64_t> count = read_number(*object, "count", 1, links_max);
  if (!count) co_return error_reply(count.error());
  const Result<std::int64_t> valid =
      read_number(*object, "valid_seconds", 86'400, valid_seconds_max);
  if (!valid) co_return error_reply(valid.error());

  const Result<std::vector<EnrolmentLink>> links = co_await parts.create_enrolment_links(
      static_cast<std::size_t>(*count), std::chrono::seconds(*valid));
  if (!links) co_return error_reply(links.error());
  JsonWriter json;
  json.begin_object();
  json.key("links");
  json.begin_array();
  for (const EnrolmentLink& link : *links) {
    json.begin_object();
    json.member("url", link.url);
    json.member("expires_at", time_text(link.expires_at));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  co_return json_reply(200, json.finish());
}

}  // namespace reveille::admin
