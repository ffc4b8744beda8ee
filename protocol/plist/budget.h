#pragma once

#include <cstddef>

#include "protocol/plist/parse.h"

namespace reveille::plist {

// Counts what a reader builds against its Limits. false: the limit is passed, stop.
class Budget {
 public:
  explicit Budget(const Limits& limits) : limits_(limits) {}

  bool take_object() { return ++objects_ <= limits_.objects_max; }

  bool take_bytes(std::size_t count) {
    if (count > limits_.expanded_bytes_max - expanded_bytes_) return false;
    expanded_bytes_ += count;
    return true;
  }

  bool allows_depth(std::size_t depth) const { return depth <= limits_.depth_max; }

 private:
  Limits limits_;
  std::size_t objects_ = 0;
  std::size_t expanded_bytes_ = 0;
};

}  // namespace reveille::plist
