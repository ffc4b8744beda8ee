#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace reveille::apns {

enum class Urgency : std::uint8_t { urgent, bulk };
inline constexpr std::size_t urgencies = 2;

constexpr std::size_t index_of(Urgency urgency) { return static_cast<std::size_t>(urgency); }

// Whose turn it is while both wait: an urgent one's, but after some in a row a bulk one's, so that
// no flood of urgent ones stops the rest.
class UrgentFirst {
 public:
  static constexpr std::uint32_t in_a_row_max = 7;

  Urgency first() const { return in_a_row_ < in_a_row_max ? Urgency::urgent : Urgency::bulk; }
  void went(Urgency urgency) {
    in_a_row_ = urgency == Urgency::bulk ? 0 : std::min(in_a_row_ + 1, in_a_row_max);
  }

 private:
  std::uint32_t in_a_row_ = 0;
};

constexpr Urgency other_than(Urgency urgency) {
  return urgency == Urgency::urgent ? Urgency::bulk : Urgency::urgent;
}

}  // namespace reveille::apns
