#include "dispatcher/admin/command_request.h"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <limits>
#include <span>
#include <unordered_set>
#include <utility>

#include "protocol/base/base64.h"
#include "protocol/plist/write.h"

namespace reveille::admin {

namespace json = boost::json;

namespace {

Result<std::vector<std::string>> read_enrolments(const json::object& object,
                                                 std::size_t enrolments_max) {
  const json::value* list = object.if_contains("enrolments");
  if (list == nullptr || !list->is_array() || list->get_array().empty()) {
    return failure(ErrorCode::malformed, "\"enrolments\" must be a list of at least one id");
  }
  if (list->get_array().size() > enrolments_max) {
    return failure(ErrorCode::malformed,
                   "at most " + std::to_string(enrolments_max) + " enrolments in one request");
  }
  std::vector<std::string> ids;
  std::unordered_set<std::string_view> seen;
  for (const json::value& id : list->get_array()) {
    if (!id.is_string()) return failure(ErrorCode::malformed, "\"enrolments\" must hold strings");
    const std::string_view text(id.get_string().data(), id.get_string().size());
    if (seen.insert(text).second) ids.emplace_back(text);
  }
  return ids;
}

Result<mdm::Command> read_command(const json::value& command) {
  if (!command.is_string()) return failure(ErrorCode::malformed, "\"command\" must be a string");
  const std::string_view text(command.get_string().data(), command.get_string().size());
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '<') {
    return mdm::parse_command(Bytes(text));
  }
  std::optional<Bytes> bytes = from_base64(text);
  if (!bytes) return failure(ErrorCode::malformed, "\"command\" is neither XML nor Base64");
  return mdm::parse_command(*std::move(bytes));
}

Result<mdm::Command> build_command(const json::value& request_type, const json::value* parameters,
                                   std::string uuid) {
  if (!request_type.is_string() || request_type.get_string().empty()) {
    return failure(ErrorCode::malformed, "\"request_type\" must be a string");
  }
  Result<plist::Value> type = to_plist(request_type);
  if (!type) return std::unexpected(std::move(type.error()));
  plist::Dictionary command;
  command.set("RequestType", *std::move(type));
  if (parameters != nullptr) {
    if (!parameters->is_object()) {
      return failure(ErrorCode::malformed, "\"parameters\" must be an object");
    }
    for (const auto& member : parameters->get_object()) {
      Result<plist::Value> value = to_plist(member.value());
      if (!value) return std::unexpected(std::move(value.error()));
      std::string key(member.key().data(), member.key().size());
      if (key == "RequestType") {
        return failure(ErrorCode::malformed, "\"parameters\" must not hold RequestType");
      }
      command.set(std::move(key), *std::move(value));
    }
  }
  plist::Dictionary message;
  message.set("CommandUUID", std::move(uuid));
  message.set("Command", std::move(command));
  return mdm::parse_command(plist::write_xml(std::move(message)));
}

// No property list holds U+0000, and a text cut short there would be another text.
Result<plist::Value> string_to_plist(std::string_view text) {
  if (text.find('\0') != text.npos) {
    return failure(ErrorCode::malformed, "a string holds U+0000, which a command cannot");
  }
  return plist::Value(std::string(text));
}

Result<plist::Value> object_to_plist(const json::object& object) {
  const json::value* data = object.if_contains("$data");
  if (data != nullptr) {
    const bool alone = object.size() == 1 && data->is_string();
    std::optional<Bytes> bytes;
    if (alone) bytes = from_base64(std::string_view(data->get_string()));
    if (!bytes) return failure(ErrorCode::malformed, "\"$data\" must be Base64 and stand alone");
    return plist::Value(plist::Data{*std::move(bytes)});
  }
  plist::Dictionary dictionary;
  for (const auto& member : object) {
    Result<plist::Value> value = to_plist(member.value());
    if (!value) return value;
    dictionary.set(std::string(member.key().data(), member.key().size()), *std::move(value));
  }
  return plist::Value(std::move(dictionary));
}

}  // namespace

Result<plist::Value> to_plist(const json::value& value) {
  switch (value.kind()) {
    case json::kind::bool_:
      return plist::Value(value.get_bool());
    case json::kind::int64:
      return plist::Value(value.get_int64());
    // Boost.JSON keeps as uint64 only what is above the signed range.
    case json::kind::uint64:
      return plist::Value(plist::Integer{static_cast<std::int64_t>(value.get_uint64()), true});
    case json::kind::double_:
      return plist::Value(value.get_double());
    case json::kind::string:
      return string_to_plist(value.get_string());
    case json::kind::array: {
      plist::Array array;
      for (const json::value& element : value.get_array()) {
        Result<plist::Value> converted = to_plist(element);
        if (!converted) return converted;
        array.push_back(*std::move(converted));
      }
      return plist::Value(std::move(array));
    }
    case json::kind::object:
      return object_to_plist(value.get_object());
    case json::kind::null:
      break;
  }
  return failure(ErrorCode::malformed, "null has no counterpart in a property list");
}

Result<void> refuse_unknown_keys(const json::object& object,
                                 std::span<const std::string_view> known) {
  for (const auto& member : object) {
    const std::string_view key(member.key().data(), member.key().size());
    if (std::ranges::find(known, key) == known.end()) {
      return failure(ErrorCode::malformed, "unknown key \"" + std::string(key) + "\"");
    }
  }
  return {};
}

Result<json::object> parse_json_object(std::string_view body) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(body.data(), body.size()), error);
  if (error) return failure(ErrorCode::malformed, "the body is not JSON: " + error.message());
  if (!value.is_object()) return failure(ErrorCode::malformed, "the body must be a JSON object");
  return std::move(value.get_object());
}

Result<mdm::Command> command_of(const json::object& object, RandomSource& random) {
  const json::value* bytes = object.if_contains("command");
  const json::value* request_type = object.if_contains("request_type");
  if ((bytes == nullptr) == (request_type == nullptr)) {
    return failure(ErrorCode::malformed, "give either \"command\" or \"request_type\"");
  }
  const json::value* parameters = object.if_contains("parameters");
  const json::value* uuid = object.if_contains("command_uuid");
  if (bytes != nullptr && (parameters != nullptr || uuid != nullptr)) {
    return failure(ErrorCode::malformed,
                   "\"parameters\" and \"command_uuid\" go with \"request_type\" only");
  }
  if (uuid != nullptr &&
      (!uuid->is_string() || uuid->get_string().find('\0') != json::string::npos)) {
    return failure(ErrorCode::malformed, "\"command_uuid\" must be a string without U+0000");
  }
  std::string new_uuid =
      uuid == nullptr ? random.uuid() : std::string(std::string_view(uuid->get_string()));
  return bytes != nullptr ? read_command(*bytes)
                          : build_command(*request_type, parameters, std::move(new_uuid));
}

Result<CommandRequest> parse_command_request(std::string_view body, std::size_t enrolments_max,
                                             RandomSource& random) {
  constexpr std::array<std::string_view, 6> known = {"enrolments", "command",      "request_type",
                                                     "parameters", "command_uuid", "push"};
  Result<json::object> object = parse_json_object(body);
  if (!object) return std::unexpected(std::move(object.error()));
  Result<void> all_known = refuse_unknown_keys(*object, known);
  if (!all_known) return std::unexpected(std::move(all_known.error()));
  Result<std::vector<std::string>> ids = read_enrolments(*object, enrolments_max);
  if (!ids) return std::unexpected(std::move(ids.error()));

  CommandRequest request;
  request.enrolments = *std::move(ids);
  if (const json::value* push = object->if_contains("push")) {
    if (!push->is_bool()) return failure(ErrorCode::malformed, "\"push\" must be true or false");
    request.push = push->get_bool();
  }
  Result<mdm::Command> command = command_of(*object, random);
  if (!command) return std::unexpected(std::move(command.error()));
  request.command = *std::move(command);
  return request;
}

Result<CommandRequest> parse_wake_request(std::string_view body, std::size_t enrolments_max) {
  constexpr std::array<std::string_view, 1> known = {"enrolments"};
  Result<json::object> object = parse_json_object(body);
  if (!object) return std::unexpected(std::move(object.error()));
  Result<void> all_known = refuse_unknown_keys(*object, known);
  if (!all_known) return std::unexpected(std::move(all_known.error()));
  Result<std::vector<std::string>> ids = read_enrolments(*object, enrolments_max);
  if (!ids) return std::unexpected(std::move(ids.error()));
  CommandRequest request;
  request.enrolments = *std::move(ids);
  return request;
}

}  // namespace reveille::admin
