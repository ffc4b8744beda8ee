#include "bench/load/target_host.h"

#include <gtest/gtest.h>

namespace reveille::bench {
namespace {

TEST(TargetHost, ApplesHostsAreRefusedHoweverTheyAreSpelt) {
  for (const char* host :
       {"api.push.apple.com", "api.sandbox.push.apple.com", "API.Push.Apple.Com",
        "api.push.apple.com.", "push.apple.com", "17.courier.push.apple.com.."}) {
    const Result<void> checked = check_target_host(host, Insistence::none);
    ASSERT_FALSE(checked.has_value()) << host;
    EXPECT_EQ(checked.error().code, ErrorCode::unauthorised);
    EXPECT_NE(checked.error().detail.find("--yes-really-apple"), std::string::npos);
  }
}

TEST(TargetHost, ApplesHostsAreTakenFromWhoeverInsists) {
  EXPECT_TRUE(check_target_host("api.push.apple.com", Insistence::really_apple).has_value());
}

TEST(TargetHost, OtherHostsAreTaken) {
  for (const char* host : {"localhost", "127.0.0.1", "::1", "push.apple.com.example.org",
                           "notpush.apple.com", "example.com"}) {
    EXPECT_TRUE(check_target_host(host, Insistence::none).has_value()) << host;
  }
}

TEST(TargetHost, NoHostIsNoTarget) {
  EXPECT_FALSE(check_target_host("", Insistence::none).has_value());
  EXPECT_FALSE(check_target_host("...", Insistence::really_apple).has_value());
}

}  // namespace
}  // namespace reveille::bench
