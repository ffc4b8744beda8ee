#include "tools/simulators/apns/token_directory.h"

#include <utility>

namespace reveille::simulators::apns {

void TokenDirectory::add(std::string token_hex) {
  strict_ = true;
  gone_since_[std::move(token_hex)] = 0;
}

void TokenDirectory::remove(const std::string& token_hex, std::int64_t now_milliseconds) {
  strict_ = true;
  gone_since_[token_hex] = now_milliseconds;
}

TokenDirectory::Known TokenDirectory::look_up(std::string_view token_hex) const {
  if (!strict_) return Known::yes;
  const auto found = gone_since_.find(token_hex);
  if (found == gone_since_.end()) return Known::never_heard_of;
  return found->second == 0 ? Known::yes : Known::gone;
}

std::int64_t TokenDirectory::gone_since(std::string_view token_hex) const {
  const auto found = gone_since_.find(token_hex);
  return found == gone_since_.end() ? 0 : found->second;
}

}  // namespace reveille::simulators::apns
