#include "dispatcher/device/statuses.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

// docs/decisions/0005.
namespace reveille::device {
namespace {

TEST(StatusesTest, NoRefusalUnenrolsAndNoneLooksLikeSuccess) {
  for (std::size_t i = 0; i < refusals; ++i) {
    const auto refusal = static_cast<Refusal>(i);
    const int status = status_of(refusal);
    for (std::size_t kind = 0; kind < request_kinds; ++kind) {
      const int of_kind = status_of(refusal, static_cast<RequestKind>(kind));
      EXPECT_TRUE(of_kind != 401 && of_kind != 403 && of_kind != 404) << name_of(refusal);
    }
    EXPECT_NE(status, 401) << name_of(refusal);
    EXPECT_NE(status, 403) << name_of(refusal);
    EXPECT_NE(status, 404) << name_of(refusal) << ": a device drops its declaration";
    EXPECT_GE(status, 400) << name_of(refusal);
    EXPECT_LE(status, 503) << name_of(refusal);
  }
}

// protocol.md section 2: 410 to UserAuthenticate, and to a user's TokenUpdate.
TEST(StatusesTest, OnlyAUserIsGone) {
  for (std::size_t i = 0; i < refusals; ++i) {
    const auto refusal = static_cast<Refusal>(i);
    for (std::size_t kind = 0; kind < request_kinds; ++kind) {
      const auto asked = static_cast<RequestKind>(kind);
      const bool is_gone =
          refusal == Refusal::user_not_managed ||
          (refusal == Refusal::auth_token_wrong && asked == RequestKind::token_update);
      EXPECT_EQ(status_of(refusal, asked) == 410, is_gone) << name_of(refusal) << name_of(asked);
    }
  }
}

TEST(StatusesTest, OurTroubleIsNeverTheDevicesFault) {
  for (const ErrorCode code : {ErrorCode::overloaded, ErrorCode::unavailable}) {
    EXPECT_EQ(status_of(refusal_of(code)), 503);
  }
  EXPECT_EQ(status_of(refusal_of(ErrorCode::corrupt)), 500);
}

TEST(StatusesTest, EveryRefusalHasANameOfItsOwn) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < refusals; ++i) names.insert(name_of(static_cast<Refusal>(i)));
  EXPECT_EQ(names.size(), refusals);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace reveille::device
