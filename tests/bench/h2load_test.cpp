#include "bench/load/h2load.h"

#include <gtest/gtest.h>

namespace reveille::bench {
namespace {

TEST(H2load, TheAcceptedPushesAreReadFromItsSummary) {
  EXPECT_EQ(accepted_in("finished in 1.2s\nrequests: 10 total\n"
                        "status codes: 9998 2xx, 0 3xx, 2 4xx, 0 5xx\ntraffic: 1MB\n"),
            9'998u);
}

TEST(H2load, WithoutASummaryNothingWasAccepted) {
  EXPECT_EQ(accepted_in("unable to connect\n"), 0u);
  EXPECT_EQ(accepted_in(""), 0u);
}

}  // namespace
}  // namespace reveille::bench
