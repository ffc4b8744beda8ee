#include "protocol/base/ensure.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "protocol/base/error.h"

namespace reveille {
namespace {

TEST(EnsureTest, AKeptPromiseChangesNothing) { ensure(true, "one is one"); }

TEST(EnsureTest, ABrokenPromiseStopsTheProcessAndIsNamedWithItsPlace) {
  EXPECT_DEATH(ensure(false, "one is two"), "ensure_test\\.cpp:.*broken promise: one is two");
}

TEST(ErrorTest, AFailureKeepsItsCodeAndItsDetail) {
  const Result<int> result = failure(ErrorCode::conflict, "changed meanwhile");

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), (Error{ErrorCode::conflict, "changed meanwhile"}));
}

TEST(ErrorTest, EveryCodeHasANameOfItsOwn) {
  std::set<std::string> names;
  for (const ErrorCode code :
       {ErrorCode::malformed, ErrorCode::unauthorised, ErrorCode::not_found, ErrorCode::conflict,
        ErrorCode::overloaded, ErrorCode::unavailable, ErrorCode::corrupt}) {
    names.insert(name_of(code));
  }
  EXPECT_EQ(names.size(), 7u);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace reveille
