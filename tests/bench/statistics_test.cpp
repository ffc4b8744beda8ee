#include "bench/load/statistics.h"

#include <gtest/gtest.h>

#include <vector>

namespace reveille::bench {
namespace {

TEST(Statistics, TheMedianIsTheRunInTheMiddleWhateverTheOrder) {
  EXPECT_DOUBLE_EQ(median(std::vector<double>{9, 1, 5}), 5);
  EXPECT_DOUBLE_EQ(median(std::vector<double>{2, 2, 2, 100, 1}), 2);
}

TEST(Statistics, TheMedianOfAnEvenNumberOfRunsLiesBetweenTheTwoInTheMiddle) {
  EXPECT_DOUBLE_EQ(median(std::vector<double>{4, 1, 3, 2}), 2.5);
}

TEST(Statistics, OneRunIsItsOwnMedianAndNoneIsZero) {
  EXPECT_DOUBLE_EQ(median(std::vector<double>{7}), 7);
  EXPECT_DOUBLE_EQ(median({}), 0);
}

TEST(Statistics, TheSlopeIsThatOfTheLineThroughThePoints) {
  EXPECT_DOUBLE_EQ(slope(std::vector<Point>{{1, 5}, {2, 7}, {4, 11}}), 2);
  EXPECT_DOUBLE_EQ(slope(std::vector<Point>{{0, 1}, {1, -1}, {2, 1}}), 0) << "noise has none";
}

TEST(Statistics, OnePlaceHasNoSlope) {
  EXPECT_DOUBLE_EQ(slope(std::vector<Point>{{3, 1}, {3, 9}}), 0);
  EXPECT_DOUBLE_EQ(slope({}), 0);
}

TEST(Statistics, ARatioToNothingIsZeroRatherThanInfinite) {
  EXPECT_DOUBLE_EQ(ratio(6, 4), 1.5);
  EXPECT_DOUBLE_EQ(ratio(6, 0), 0);
}

}  // namespace
}  // namespace reveille::bench
