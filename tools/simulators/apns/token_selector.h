#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reveille::simulators::apns {

// Some push tokens: by name, or by how they begin ("00ff*"). Without any, all of them.
class TokenSelector {
 public:
  TokenSelector() = default;
  explicit TokenSelector(const std::vector<std::string>& patterns);

  bool matches(std::string_view token_hex) const;

 private:
  std::vector<std::string> names_;  // sorted
  std::vector<std::string> prefixes_;
};

}  // namespace reveille::simulators::apns
