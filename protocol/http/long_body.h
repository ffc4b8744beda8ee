#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>

#include "protocol/base/bytes.h"

namespace reveille::http {

// A body that is longer goes where its handler says, while it arrives.
constexpr std::size_t long_body_bytes = 256 * 1024;

// A body that is not in memory. Threads: the lane that receives it, until it is whole.
class LongBody {
 public:
  virtual ~LongBody() = default;

  virtual std::uint64_t bytes() const = 0;
  // False: there is no room for them.
  virtual bool append(BytesView bytes) = 0;
};

// Where a long body goes; nullptr: it stays in memory. Or the status that refuses it.
using LongBodyPlace = std::expected<std::shared_ptr<LongBody>, int>;

}  // namespace reveille::http
