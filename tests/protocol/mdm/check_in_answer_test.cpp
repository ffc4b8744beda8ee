#include "protocol/mdm/check_in_answer.h"

#include <gtest/gtest.h>

#include "protocol/plist/parse.h"

namespace reveille::mdm {
namespace {

using plist::Data;
using plist::Dictionary;

Dictionary read(const Bytes& answer) { return plist::parse_dictionary(answer).value(); }

TEST(CheckInAnswerTest, UserAuthenticateGetsAChallengeThenAToken) {
  EXPECT_EQ(read(write_digest_challenge("Digest nonce=\"n\",realm=\"r\"")),
            (Dictionary{{"DigestChallenge", "Digest nonce=\"n\",realm=\"r\""}}));
  EXPECT_EQ(read(write_auth_token("token")), (Dictionary{{"AuthToken", "token"}}));
}

TEST(CheckInAnswerTest, AnEmptyValueIsThereAndEmpty) {
  EXPECT_EQ(read(write_digest_challenge("")), (Dictionary{{"DigestChallenge", ""}}));
  EXPECT_EQ(read(write_auth_token("")), (Dictionary{{"AuthToken", ""}}));
  EXPECT_EQ(read(write_bootstrap_token("")), (Dictionary{{"BootstrapToken", Data{""}}}));
}

TEST(CheckInAnswerTest, TokensGoOutByteForByte) {
  const Bytes bytes("\0\xff\n", 3);
  EXPECT_EQ(read(write_bootstrap_token(bytes)), (Dictionary{{"BootstrapToken", Data{bytes}}}));
  EXPECT_EQ(read(write_token_data("a.b.c")), (Dictionary{{"TokenData", Data{"a.b.c"}}}));
}

TEST(CheckInAnswerTest, ReturnToServiceSaysWhatIsThereAndNoMore) {
  ReturnToServiceAnswer answer;
  EXPECT_EQ(read(write_return_to_service(answer)),
            (Dictionary{{"ReturnToService", Dictionary{{"Enabled", true}}}}));
  answer = {.enabled = true, .wifi_profile = "wifi", .mdm_profile = "mdm", .bootstrap_token = "b"};
  EXPECT_EQ(read(write_return_to_service(answer)),
            (Dictionary{{"ReturnToService", Dictionary{{"Enabled", true},
                                                       {"WiFiProfileData", Data{"wifi"}},
                                                       {"MDMProfileData", Data{"mdm"}},
                                                       {"BootstrapToken", Data{"b"}}}}}));
}

}  // namespace
}  // namespace reveille::mdm
