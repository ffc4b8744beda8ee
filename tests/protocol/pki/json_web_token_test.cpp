#include "protocol/pki/json_web_token.h"

#include <gtest/gtest.h>

#include "protocol/base/base64.h"
#include "protocol/pki/authentication_code.h"
#include "tests/protocol/pki/openssl_tool.h"

namespace reveille::pki {
namespace {

TEST(JsonWebTokenTest, OpensslVerifiesWhatWeSign) {
  if (!OpensslTool::is_installed()) GTEST_SKIP() << "no openssl command";
  const PrivateKey key = PrivateKey::generate_rsa(2048).value();
  const std::string token = *sign_json_web_token(R"({"iss":"server"})", key);

  const std::size_t first = token.find('.'), last = token.rfind('.');
  ASSERT_LT(first, last);
  EXPECT_EQ(from_base64url(token.substr(0, first)), R"({"alg":"RS256","typ":"JWT"})");
  EXPECT_EQ(from_base64url(token.substr(first + 1, last - first - 1)), R"({"iss":"server"})");
  const OpensslTool tool;
  tool.write("key.pem", key.to_pem());
  tool.write("signed", token.substr(0, last));
  tool.write("signature", *from_base64url(token.substr(last + 1)));
  EXPECT_EQ(tool.run("rsa -in key.pem -pubout -out public.pem").exit_status, 0);
  const auto verified =
      tool.run("dgst -sha256 -verify public.pem -signature signature signed");
  EXPECT_EQ(verified.exit_status, 0) << verified.output;
}

TEST(JsonWebTokenTest, AKeyThatRs256DoesNotTakeIsRefused) {
  EXPECT_EQ(sign_json_web_token("{}", PrivateKey::generate_p256().value()).error().code,
            ErrorCode::malformed);
  EXPECT_EQ(sign_json_web_token("{}", PrivateKey::generate_rsa(1024).value()).error().code,
            ErrorCode::malformed);
}

// RFC 4231, test cases 2 and 7.
TEST(AuthenticationCodeTest, TheVectorsOfTheRfcComeOut) {
  EXPECT_EQ(to_hex(authentication_code("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(authentication_code(
                Bytes(131, '\xaa'),
                "This is a test using a larger than block-size key and a larger than block-size "
                "data. The key needs to be hashed before being used by the HMAC algorithm.")),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST(AuthenticationCodeTest, SecretsAreComparedWhole) {
  EXPECT_TRUE(is_same_secret("", ""));
  EXPECT_TRUE(is_same_secret("abc", "abc"));
  EXPECT_FALSE(is_same_secret("abc", "abd"));
  EXPECT_FALSE(is_same_secret("abc", "ab"));
}

}  // namespace
}  // namespace reveille::pki
