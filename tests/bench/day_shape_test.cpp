#include "bench/load/day_shape.h"

#include <gtest/gtest.h>

#include <numeric>

namespace reveille::bench {
namespace {

TEST(DayShape, TheHoursAddUpToADay) {
  EXPECT_NEAR(std::accumulate(day_shape.begin(), day_shape.end(), 0.0), 1, 1e-9);
}

TEST(DayShape, NoWorkIsLostOrMadeUpByRounding) {
  for (const std::size_t total : {0u, 1u, 7u, 100u, 12'345u}) {
    std::size_t sum = 0;
    for (std::size_t hour = 0; hour < day_shape.size(); ++hour) sum += work_of_hour(hour, total);
    EXPECT_EQ(sum, total);
  }
}

TEST(DayShape, MorningsAreBusierThanNights) {
  EXPECT_GT(work_of_hour(8, 10'000), 5 * work_of_hour(3, 10'000));
}

}  // namespace
}  // namespace reveille::bench
