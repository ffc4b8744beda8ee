#include "tools/simulators/apns/token_selector.h"

#include <algorithm>

namespace reveille::simulators::apns {

TokenSelector::TokenSelector(const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    if (pattern.ends_with('*')) {
      prefixes_.push_back(pattern.substr(0, pattern.size() - 1));
    } else {
      names_.push_back(pattern);
    }
  }
  std::ranges::sort(names_);
}

bool TokenSelector::matches(std::string_view token_hex) const {
  if (names_.empty() && prefixes_.empty()) return true;
  const auto begins = [token_hex](const std::string& prefix) {
    return token_hex.starts_with(prefix);
  };
  return std::ranges::any_of(prefixes_, begins) ||
         std::binary_search(names_.begin(), names_.end(), token_hex, std::less<>());
}

}  // namespace reveille::simulators::apns
