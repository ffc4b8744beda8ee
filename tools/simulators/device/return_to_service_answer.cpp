#include "tools/simulators/device/return_to_service_answer.h"

#include <fmt/format.h>

#include "protocol/plist/parse.h"

namespace reveille::simulators::device {

std::string fault_of_return_to_service_answer(const http::Response& response, bool is_served) {
  if (!is_served) {
    return response.status == 400 ? "" : fmt::format("HTTP {} instead of 400", response.status);
  }
  if (response.status != 200) return fmt::format("HTTP {}", response.status);
  const auto answer = plist::parse_dictionary(response.body);
  const plist::Value* value = answer ? answer->find("ReturnToService") : nullptr;
  const auto* contents = value == nullptr ? nullptr : value->get_if<plist::Dictionary>();
  if (contents == nullptr) return "no ReturnToService";
  const plist::Value* enabled = contents->find("Enabled");
  if (enabled == nullptr || enabled->get_if<bool>() == nullptr) return "no Enabled";
  for (const char* key : {"WiFiProfileData", "MDMProfileData"}) {
    const plist::Value* data = contents->find(key);
    if (data != nullptr && data->get_if<plist::Data>() == nullptr) {
      return std::string(key) + " is no data";
    }
  }
  return contents->find("BootstrapToken") == nullptr ? "" : "the BootstrapToken of somebody else";
}

}  // namespace reveille::simulators::device
