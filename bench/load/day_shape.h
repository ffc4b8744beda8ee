#pragma once

#include <array>
#include <cstddef>

namespace reveille::bench {

// How a day's work is spread over its hours in an organisation of one time zone: little at night,
// most when people arrive. Shares of 1.
constexpr std::array<double, 24> day_shape{0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.02, 0.05,
                                           0.11, 0.11, 0.08, 0.07, 0.06, 0.07, 0.07, 0.07,
                                           0.06, 0.05, 0.03, 0.03, 0.02, 0.02, 0.01, 0.01};

// How much of `total` is done in this hour so that the whole day adds up to it exactly.
std::size_t work_of_hour(std::size_t hour, std::size_t total);

}  // namespace reveille::bench
