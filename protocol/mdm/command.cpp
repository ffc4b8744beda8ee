#include "protocol/mdm/command.h"

#include <utility>

#include "protocol/mdm/plain_text.h"
#include "protocol/plist/fields.h"
#include "protocol/plist/parse.h"

namespace reveille::mdm {
namespace {

constexpr std::size_t uuid_bytes_max = 256;

Result<std::string> read_request_type(const plist::Dictionary& command) {
  plist::Fields fields(command);
  std::string request_type = fields.required_string("RequestType");
  return fields.finish(std::move(request_type));
}

}  // namespace

Result<Command> parse_command(Bytes body) {
  const Result<plist::Dictionary> message = plist::parse_dictionary(body);
  if (!message) return std::unexpected(message.error());
  plist::Fields fields(*message);
  std::string uuid = fields.required_string("CommandUUID");
  if (uuid.size() > uuid_bytes_max) fields.fail("CommandUUID is longer than 256 bytes");
  if (has_control_characters(uuid)) fields.fail("CommandUUID has control characters");
  const plist::Dictionary* inner = fields.optional_dictionary("Command");
  if (inner == nullptr) fields.fail("Command is missing");
  if (fields.failed()) return fields.finish(Command());

  Result<std::string> request_type = read_request_type(*inner);
  if (!request_type) return std::unexpected(std::move(request_type.error()));
  return Command{
      .uuid = CommandUuid{std::move(uuid)},
      .request_type = std::move(*request_type),
      .body = std::move(body),
  };
}

}  // namespace reveille::mdm
