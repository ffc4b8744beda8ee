#include "protocol/apns/response.h"

#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <utility>

namespace reveille::apns {
namespace {

constexpr std::size_t body_bytes_max = 16 * 1024;
constexpr std::size_t nesting_max = 8;
constexpr std::size_t reason_text_bytes_max = 256;

// APNs opened in June 2009. A figure before that is no time in milliseconds: some senders write
// seconds, which would read as 1970 and make every token look newer than its end.
constexpr std::int64_t plausible_since_milliseconds = 1'245'000'000'000;

void read_body(const boost::json::object& body, Response& response) {
  if (const auto* reason = body.if_contains("reason"); reason != nullptr && reason->is_string()) {
    const std::string_view text = reason->get_string();
    response.reason = parse_reason(text);
    response.reason_text = text.substr(0, reason_text_bytes_max);
  }
  const auto* timestamp = body.if_contains("timestamp");
  if (response.status != 410 || timestamp == nullptr || !timestamp->is_int64()) return;
  if (timestamp->get_int64() < plausible_since_milliseconds) return;
  response.unregistered_at.emplace(std::chrono::milliseconds(timestamp->get_int64()));
}

Verdict judge_bad_request(Reason reason) {
  switch (reason) {
    case Reason::bad_device_token:
    case Reason::device_token_not_for_topic:
    // Reasons of a 410 under another status: too little to end the token, enough to park it.
    case Reason::unregistered:
    case Reason::expired_token:
      return Verdict::token_unusable;
    case Reason::bad_topic:
    case Reason::missing_topic:
    case Reason::topic_disallowed:
      return Verdict::topic_refused;
    case Reason::idle_timeout:
      return Verdict::retry;
    default:
      return Verdict::our_defect;
  }
}

}  // namespace

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::accepted:
      return "accepted";
    case Verdict::token_dead:
      return "token_dead";
    case Verdict::token_unusable:
      return "token_unusable";
    case Verdict::token_busy:
      return "token_busy";
    case Verdict::topic_refused:
      return "topic_refused";
    case Verdict::retry:
      return "retry";
    case Verdict::our_defect:
      return "our_defect";
  }
  return "unknown";
}

Response parse_response(int status, std::string_view apns_id, BytesView body) {
  Response response{.status = status,
                    .reason = Reason::none,
                    .reason_text = {},
                    .unregistered_at = std::nullopt,
                    .apns_id = apns_id};
  if (body.empty() || body.size() > body_bytes_max) return response;

  std::array<unsigned char, 2048> buffer;
  boost::json::monotonic_resource memory(buffer.data(), buffer.size());
  boost::json::parse_options options;
  options.max_depth = nesting_max;
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(body, error, &memory, options);
  if (!error && value.is_object()) read_body(value.get_object(), response);
  return response;
}

Verdict judge(const Response& response) {
  const int status = response.status;
  if (status >= 200 && status <= 299) return Verdict::accepted;
  if (status == 410) return Verdict::token_dead;
  if (status == 403) return Verdict::topic_refused;
  if (status == 429) {
    return response.reason == Reason::too_many_provider_token_updates ? Verdict::our_defect
                                                                      : Verdict::token_busy;
  }
  if (status >= 400 && status <= 499) return judge_bad_request(response.reason);
  return Verdict::retry;
}

}  // namespace reveille::apns
