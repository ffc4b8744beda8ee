#include "tools/reveille/api_keys_file.h"

#include <fmt/format.h>

#include <sstream>
#include <utility>

#include "tools/reveille/state_folder.h"

namespace reveille {

Result<std::vector<std::string>> load_api_keys(const std::filesystem::path& file) {
  Result<Bytes> text = read_whole_file(file);
  if (!text) return std::unexpected(std::move(text.error()));
  std::vector<std::string> keys;
  std::istringstream lines(*text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
    if (line.empty() || line.starts_with('#')) continue;
    if (line.size() < 16) {
      return failure(ErrorCode::unavailable,
                     fmt::format("{}:{}: a key must have at least 16 characters; `openssl rand "
                                 "-hex 24` makes a good one",
                                 file.string(), number));
    }
    keys.push_back(std::move(line));
  }
  if (keys.empty()) {
    return failure(ErrorCode::unavailable, fmt::format("{} holds no key", file.string()));
  }
  return keys;
}

}  // namespace reveille
