#include "dispatcher/http/error_status.h"

#include <gtest/gtest.h>

namespace reveille::http {
namespace {

TEST(ErrorStatusTest, EveryErrorHasItsStatus) {
  EXPECT_EQ(status_of(ErrorCode::malformed), 400);
  EXPECT_EQ(status_of(ErrorCode::not_found), 404);
  EXPECT_EQ(status_of(ErrorCode::conflict), 409);
  EXPECT_EQ(status_of(ErrorCode::overloaded), 503);
  EXPECT_EQ(status_of(ErrorCode::unavailable), 503);
  EXPECT_EQ(status_of(ErrorCode::corrupt), 500);
}

TEST(ErrorStatusTest, NobodyIsUnenrolledByDefault) {
  EXPECT_EQ(status_of(ErrorCode::unauthorised), 400);  // never 401, never 403
}

}  // namespace
}  // namespace reveille::http
