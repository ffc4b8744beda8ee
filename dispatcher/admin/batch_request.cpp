#include "dispatcher/admin/batch_request.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <utility>

#include "dispatcher/admin/command_request.h"

namespace reveille::admin {

namespace json = boost::json;

namespace {

constexpr std::int64_t rate_max = 1'000'000;
constexpr std::int64_t expiry_seconds_max = 366 * 86'400;

// nullopt: the key is absent.
Result<std::optional<std::int64_t>> read_number(const json::object& object, const char* key,
                                                std::int64_t max) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_int64() || value->get_int64() < 1 || value->get_int64() > max) {
    return failure(
        ErrorCode::malformed,
        "\"" + std::string(key) + "\" must be a whole number from 1 to " + std::to_string(max));
  }
  return value->get_int64();
}

Result<std::vector<mdm::EnrolmentId>> read_ids(const json::value& list,
                                               std::size_t enrolments_max) {
  if (!list.is_array() || list.get_array().empty()) {
    return failure(ErrorCode::malformed,
                   "\"audience.enrolments\" must be a list of at least one id");
  }
  if (list.get_array().size() > enrolments_max) {
    return failure(ErrorCode::malformed, "\"audience.enrolments\" may hold at most " +
                                             std::to_string(enrolments_max) + " ids");
  }
  std::vector<mdm::EnrolmentId> ids;
  ids.reserve(list.get_array().size());
  for (const json::value& text : list.get_array()) {
    if (!text.is_string()) {
      return failure(ErrorCode::malformed, "\"audience.enrolments\" must hold strings");
    }
    auto id = mdm::parse_enrolment_id({text.get_string().data(), text.get_string().size()});
    if (!id) {
      return failure(ErrorCode::malformed, "\"audience.enrolments\", number " +
                                               std::to_string(ids.size() + 1) + ": " +
                                               id.error().detail);
    }
    ids.push_back(*std::move(id));
  }
  // Whoever has a million of them mostly has them in order, and to see that takes no time.
  if (!std::ranges::is_sorted(ids)) std::ranges::sort(ids);
  const auto twice = std::ranges::unique(ids);
  ids.erase(twice.begin(), twice.end());
  return ids;
}

Result<storage::AudienceKind> read_kind(const json::value& all) {
  const std::string_view kind =
      all.is_string() ? std::string_view(all.get_string().data(), all.get_string().size()) : "";
  if (kind == "device") return storage::AudienceKind::all_devices;
  if (kind == "user") return storage::AudienceKind::all_users;
  if (kind == "any") return storage::AudienceKind::all;
  return failure(ErrorCode::malformed, "\"audience.all\" must be \"device\", \"user\" or \"any\"");
}

Result<void> read_audience(const json::object& object, std::size_t enrolments_max,
                           BatchRequest& request) {
  constexpr std::array<std::string_view, 2> known = {"enrolments", "all"};
  const json::value* audience = object.if_contains("audience");
  if (audience == nullptr || !audience->is_object()) {
    return failure(ErrorCode::malformed,
                   "\"audience\" must be an object that holds \"enrolments\" or \"all\"");
  }
  Result<void> all_known = refuse_unknown_keys(audience->get_object(), known);
  if (!all_known) return all_known;
  const json::value* ids = audience->get_object().if_contains("enrolments");
  const json::value* all = audience->get_object().if_contains("all");
  if ((ids == nullptr) == (all == nullptr)) {
    return failure(ErrorCode::malformed, "\"audience\" must hold either \"enrolments\" or \"all\"");
  }
  if (all != nullptr) {
    Result<storage::AudienceKind> kind = read_kind(*all);
    if (!kind) return std::unexpected(std::move(kind.error()));
    request.batch.audience = *kind;
    return {};
  }
  auto enrolments = read_ids(*ids, enrolments_max);
  if (!enrolments) return std::unexpected(std::move(enrolments.error()));
  request.enrolments = *std::move(enrolments);
  request.batch.audience_ids = request.enrolments.size();
  return {};
}

Result<void> read_pace(const json::object& object, BatchRequest& request) {
  const auto rate = read_number(object, "rate_per_second", rate_max);
  if (!rate) return std::unexpected(rate.error());
  request.batch.rate_per_second = static_cast<std::uint32_t>(rate->value_or(0));
  const auto expiry = read_number(object, "expires_in_seconds", expiry_seconds_max);
  if (!expiry) return std::unexpected(expiry.error());
  if (*expiry) request.expires_in = std::chrono::seconds(**expiry);
  const json::value* priority = object.if_contains("priority");
  if (priority == nullptr) return {};
  if (*priority != "urgent" && *priority != "bulk") {
    return failure(ErrorCode::malformed, "\"priority\" must be \"urgent\" or \"bulk\"");
  }
  if (*priority == "urgent") request.batch.priority = storage::Priority::urgent;
  return {};
}

}  // namespace

Result<BatchRequest> parse_batch_request(std::string_view body, std::size_t enrolments_max,
                                         RandomSource& random) {
  constexpr std::array<std::string_view, 8> known = {
      "audience", "rate_per_second", "expires_in_seconds", "priority",
      "command",  "request_type",    "parameters",         "command_uuid"};
  Result<json::object> object = parse_json_object(body);
  if (!object) return std::unexpected(std::move(object.error()));
  Result<void> read = refuse_unknown_keys(*object, known);
  BatchRequest request;
  if (read) read = read_pace(*object, request);
  if (read) read = read_audience(*object, enrolments_max, request);
  if (!read) return std::unexpected(std::move(read.error()));
  Result<mdm::Command> command = command_of(*object, random);
  if (!command) return std::unexpected(std::move(command.error()));
  request.command = *std::move(command);
  request.batch.command = request.command.uuid;
  return request;
}

}  // namespace reveille::admin
