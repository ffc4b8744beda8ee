#pragma once

#include <span>

namespace reveille::bench {

// Of runs of the same thing; 0 of none. The middle one, or the mean of the two in the middle.
double median(std::span<const double> values);

// 0 when there is nothing to divide by.
double ratio(double numerator, double denominator);

}  // namespace reveille::bench
