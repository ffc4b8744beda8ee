#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "protocol/http/long_body.h"
#include "protocol/http/message.h"

namespace reveille::http {

// Takes the body of one request as it arrives: into memory, and one that passes long_body_bytes to
// the place that is found for it. That is asked for once, with the head, when the length is
// announced or passed. Of the budget such a body holds what has come of it, long_body_bytes at
// most: what its handler may have of it in memory at a time.
//
// Both methods answer the status that refuses the request, or 0.
class BodyRoom {
 public:
  BodyRoom() = default;  // for no byte
  explicit BodyRoom(std::size_t bytes_max)
      : bytes_max_(bytes_max), in_memory_max_(std::min(bytes_max, long_body_bytes)) {}

  // `find_place`: LongBodyPlace(const Request& head).
  template <typename FindPlace>
  int announce(Request& request, std::uint64_t bytes, const FindPlace& find_place) {
    if (bytes > bytes_max_) return 413;
    return bytes > in_memory_max_ ? place(request, find_place(request)) : 0;
  }

  template <typename FindPlace>
  int take(Request& request, BytesView bytes, const FindPlace& find_place) {
    if (bytes.size() > in_memory_max_ - request.body.size()) {
      if (bytes.size() > bytes_max_ - taken(request)) return 413;
      if (!request.long_body) {
        if (const int refusal = place(request, find_place(request)); refusal != 0) return refusal;
      }
      if (request.long_body) return append(request, bytes);
    }
    if (!request.share.grow(bytes.size())) return 503;
    request.body.append(bytes);
    return 0;
  }

 private:
  static std::size_t taken(const Request& request) {
    return request.long_body ? request.long_body->bytes() : request.body.size();
  }

  static int append(Request& request, BytesView bytes) {
    const auto held = std::min<std::uint64_t>(request.long_body->bytes(), long_body_bytes);
    const auto more = std::min<std::uint64_t>(bytes.size(), long_body_bytes - held);
    if (!request.share.grow(static_cast<std::size_t>(more))) return 503;
    return request.long_body->append(bytes) ? 0 : 503;
  }

  int place(Request& request, LongBodyPlace found) {
    if (!found) return found.error();
    if (!*found) {
      in_memory_max_ = bytes_max_;
      return 0;
    }
    request.long_body = *std::move(found);
    in_memory_max_ = 0;
    const Bytes begun = std::exchange(request.body, {});
    return request.long_body->append(begun) ? 0 : 503;
  }

  std::size_t bytes_max_ = 0;
  std::size_t in_memory_max_ = 0;  // long_body_bytes at most, until it has its place
};

}  // namespace reveille::http
