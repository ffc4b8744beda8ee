// A command as an operator gives it.
#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol/base/ensure.h"
#include "protocol/mdm/command.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  const std::string body(reinterpret_cast<const char*>(bytes), count);
  const auto command = reveille::mdm::parse_command(body);
  if (!command) {
    reveille::ensure(command.error().detail.size() < 256, "a detail is short");
    return 0;
  }
  reveille::ensure(command->body == body, "a command's bytes are kept exactly");
  reveille::ensure(!command->uuid.text.empty() && command->uuid.text.size() <= 256,
                   "a CommandUUID is within its bounds");
  reveille::ensure(!command->request_type.empty(), "a command has a RequestType");
  return 0;
}
