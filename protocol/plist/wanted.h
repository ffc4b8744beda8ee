#pragma once

#include <algorithm>
#include <span>
#include <string_view>

namespace reveille::plist {

// The keys at the top of a dictionary whose values a reader builds.
class Wanted {
 public:
  explicit Wanted(std::span<const std::string_view> keys) : keys_(keys) {}

  bool contains(std::string_view key) const {
    return std::find(keys_.begin(), keys_.end(), key) != keys_.end();
  }

 private:
  std::span<const std::string_view> keys_;
};

}  // namespace reveille::plist
