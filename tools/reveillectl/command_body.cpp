#include "tools/reveillectl/command_body.h"

#include <boost/json/parse.hpp>
#include <utility>

#include "dispatcher/runtime/random_source.h"
#include "protocol/base/base64.h"
#include "protocol/mdm/command.h"
#include "protocol/plist/parse.h"
#include "tools/reveillectl/printing.h"

namespace reveille {

namespace {

// The daemon would refuse it too, but does not know the file's name.
Result<Bytes> read_command_file(const std::filesystem::path& file) {
  Result<Bytes> bytes = read_file(file);
  if (!bytes) return bytes;
  const auto dictionary = plist::parse_dictionary(*bytes);
  if (!dictionary) {
    return failure(ErrorCode::malformed,
                   file.string() + " is not a property list: " + dictionary.error().detail);
  }
  const auto command = mdm::parse_command(*bytes);
  if (!command) {
    return failure(ErrorCode::malformed,
                   file.string() + " is not a command: " + command.error().detail);
  }
  return bytes;
}

}  // namespace

Result<boost::json::object> command_members(const SendCommand& options) {
  boost::json::object members;
  if (options.file.empty()) {
    Result<boost::json::object> parameters = parse_parameters(options.parameters);
    if (!parameters) return parameters;
    members["request_type"] = options.request_type;
    members["parameters"] = *std::move(parameters);
    // Made here, so that it is known also when the answer is lost.
    members["command_uuid"] = options.uuid.empty() ? SystemRandomSource().uuid() : options.uuid;
  } else {
    const Result<Bytes> bytes = read_command_file(options.file);
    if (!bytes) return std::unexpected(bytes.error());
    members["command"] = to_base64(*bytes);
  }
  return members;
}

Result<boost::json::object> parse_parameters(const std::vector<std::string>& parameters) {
  boost::json::object object;
  for (const std::string& parameter : parameters) {
    const std::size_t equals = parameter.find('=');
    const bool is_json = equals != std::string::npos && equals > 0 && parameter[equals - 1] == ':';
    const std::string key = parameter.substr(0, is_json ? equals - 1 : equals);
    if (equals == std::string::npos || key.empty()) {
      return failure(ErrorCode::malformed,
                     "\"" + parameter + "\" is not key=text, key:=JSON or key=@file");
    }
    const std::string value = parameter.substr(equals + 1);
    if (is_json) {
      boost::system::error_code error;
      boost::json::value parsed = boost::json::parse(value, error);
      if (error) return failure(ErrorCode::malformed, "the value of " + key + " is not JSON");
      object[key] = std::move(parsed);
    } else if (value.starts_with('@')) {
      Result<Bytes> bytes = read_file(value.substr(1));
      if (!bytes) return std::unexpected(std::move(bytes.error()));
      boost::json::object data;
      data["$data"] = to_base64(*bytes);
      object[key] = std::move(data);
    } else {
      object[key] = value;
    }
  }
  return object;
}

}  // namespace reveille
