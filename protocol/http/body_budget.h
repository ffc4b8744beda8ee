#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "protocol/base/ensure.h"

namespace reveille::http {

// What the bodies of requests may hold of memory together: of those that are arriving, and of those
// that are being answered.
//
// The first 64 KiB of each body may fill all of it; what goes beyond, three quarters. So whoever
// sends large bodies, or pretends to, cannot shut out the small ones, of which nearly all devices'
// messages are.
// Threads: one lane.
class BodyBudget {
 public:
  static constexpr std::size_t small_bytes_max = 64 * 1024;

  // `bytes_max`: enough for one body of the largest size, in three quarters of it.
  explicit BodyBudget(std::size_t bytes_max)
      : bytes_max_(bytes_max), large_bytes_max_(bytes_max - bytes_max / 4) {}

  std::size_t bytes_held() const { return small_bytes_ + large_bytes_; }

 private:
  friend class BodyShare;

  static std::size_t small_part(std::size_t body_bytes) {
    return std::min(body_bytes, small_bytes_max);
  }

  // One body grows. False: there is no room, and nothing has changed.
  bool grow(std::size_t before, std::size_t after) {
    const std::size_t small = small_part(after) - small_part(before);
    const std::size_t large = after - before - small;
    if (after - before > bytes_max_ - bytes_held()) return false;
    if (large > 0 && large_bytes_ + large > large_bytes_max_) return false;
    small_bytes_ += small;
    large_bytes_ += large;
    return true;
  }
  void give_back(std::size_t body_bytes) {
    const std::size_t small = small_part(body_bytes);
    ensure(small <= small_bytes_ && body_bytes - small <= large_bytes_, "what is held is given");
    small_bytes_ -= small;
    large_bytes_ -= body_bytes - small;
  }

  const std::size_t bytes_max_;
  const std::size_t large_bytes_max_;
  std::size_t small_bytes_ = 0;
  std::size_t large_bytes_ = 0;
};

// What one body holds of a budget, until it is destroyed with its request. A copy holds nothing:
// whoever copies a request answers for the copy.
class BodyShare {
 public:
  BodyShare() = default;  // of no budget: takes any size
  explicit BodyShare(std::shared_ptr<BodyBudget> budget) : budget_(std::move(budget)) {}
  ~BodyShare() { release(); }
  BodyShare(const BodyShare&) noexcept {}
  BodyShare& operator=(const BodyShare& other) noexcept {
    if (this != &other) release();
    return *this;
  }
  BodyShare(BodyShare&& other) noexcept
      : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}
  BodyShare& operator=(BodyShare&& other) noexcept {
    if (this == &other) return *this;
    release();
    budget_ = std::move(other.budget_);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }

  // False: the budget has no room for as much more.
  bool grow(std::size_t bytes) {
    if (budget_ && !budget_->grow(bytes_, bytes_ + bytes)) return false;
    bytes_ += bytes;
    return true;
  }

 private:
  void release() {
    if (budget_) budget_->give_back(bytes_);
    budget_.reset();
    bytes_ = 0;
  }

  // Shared: a handler may work on after its connection, and its listener, have gone.
  std::shared_ptr<BodyBudget> budget_;
  std::size_t bytes_ = 0;
};

}  // namespace reveille::http
