#pragma once

#include <chrono>
#include <cstdint>

namespace reveille::apns {

// The moving average of one connection's answer times. Some connections to APNs answer seconds late
// while their siblings are well, for hours: those are better replaced.
class AnswerTime {
 public:
  void add(std::chrono::nanoseconds sample) {
    ++answers_;
    const std::uint64_t weight = answers_ < window ? answers_ : window;
    average_ += (sample - average_) / static_cast<std::int64_t>(weight);
  }

  std::uint64_t answers() const { return answers_; }
  std::chrono::nanoseconds average() const { return average_; }

  // Far slower than a sibling: five times, and by more than `margin`. Both need enough answers.
  bool is_far_slower_than(const AnswerTime& sibling, std::chrono::milliseconds margin) const {
    return answers_ >= answers_min && sibling.answers_ >= answers_min &&
           average_ > 5 * sibling.average_ && average_ > sibling.average_ + margin;
  }

 private:
  static constexpr std::uint64_t window = 64;
  static constexpr std::uint64_t answers_min = 32;

  std::uint64_t answers_ = 0;
  std::chrono::nanoseconds average_{};
};

}  // namespace reveille::apns
