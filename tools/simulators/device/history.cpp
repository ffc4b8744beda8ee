#include "tools/simulators/device/history.h"

#include <boost/json.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

namespace reveille::simulators::device {

Result<std::unique_ptr<History>> History::open(const std::filesystem::path& path) {
  std::FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) {
    return failure(ErrorCode::unavailable, path.string() + ": " + std::strerror(errno));
  }
  return std::unique_ptr<History>(new History(file));
}

void History::write(std::string_view device, std::string_view event, std::string_view command) {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  boost::json::object line{{"t", now.count()},
                           {"device", boost::json::string_view(device.data(), device.size())},
                           {"event", boost::json::string_view(event.data(), event.size())}};
  if (!command.empty()) {
    line["command"] = boost::json::string_view(command.data(), command.size());
  }
  const std::string text = boost::json::serialize(line) + "\n";
  std::fwrite(text.data(), 1, text.size(), file_.get());
  std::fflush(file_.get());
}

}  // namespace reveille::simulators::device
