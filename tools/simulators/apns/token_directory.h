#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace reveille::simulators::apns {

// The tokens of devices that have told us of themselves. While none ever has, every well-formed
// token is good.
class TokenDirectory {
 public:
  void add(std::string token_hex);
  void remove(const std::string& token_hex, std::int64_t now_milliseconds);

  enum class Known { yes, never_heard_of, gone };
  Known look_up(std::string_view token_hex) const;
  std::int64_t gone_since(std::string_view token_hex) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  bool strict_ = false;
  std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> gone_since_;  // 0: there
};

}  // namespace reveille::simulators::apns
