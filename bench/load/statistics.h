#pragma once

#include <span>

namespace reveille::bench {

// Of runs of the same thing; 0 of none. The middle one, or the mean of the two in the middle.
double median(std::span<const double> values);

struct Point {
  double x = 0, y = 0;
};
// Of the straight line with the least squares; 0 when the points do not tell.
double slope(std::span<const Point> points);

// 0 when there is nothing to divide by.
double ratio(double numerator, double denominator);

}  // namespace reveille::bench
