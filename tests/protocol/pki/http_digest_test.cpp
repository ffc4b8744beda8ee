#include "protocol/pki/http_digest.h"

#include <gtest/gtest.h>

namespace reveille::pki {
namespace {

DigestCredentials read(std::string_view text) { return parse_digest_credentials(text).value(); }

// RFC 2617 section 3.5.
TEST(HttpDigestTest, TheExampleOfTheRfcComesOut) {
  const DigestCredentials credentials = read(
      R"(Digest username="Mufasa", realm="testrealm@host.com", )"
      R"(nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", qop=auth, nc=00000001, )"
      R"(cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1", opaque="5ccc06")");
  const std::string secret = *digest_secret("Mufasa", "testrealm@host.com", "Circle Of Life");
  EXPECT_EQ(secret, "939e7578ed9e3c518a452acee763bce9");
  EXPECT_EQ(*digest_response(credentials, secret, "GET"), credentials.response);
  EXPECT_TRUE(*digest_proves(credentials, secret));
}

// The form of Apple's documentation: no quality of protection (RFC 2069).
TEST(HttpDigestTest, AMacsResponseProvesThePasswordOfItsRealmAndNonceAlone) {
  DigestCredentials credentials = read(
      R"(Digest username="jane",realm="example",nonce="bm9uY2U=",uri="/",response="00112233")");
  EXPECT_EQ(credentials.user_name, "jane");
  EXPECT_EQ(credentials.realm, "example");
  EXPECT_EQ(credentials.nonce, "bm9uY2U=");
  EXPECT_EQ(credentials.uri, "/");
  const std::string secret = *digest_secret("jane", "example", "correct horse");
  EXPECT_FALSE(*digest_proves(credentials, secret));
  for (const char* method : {"PUT", "GET", "POST"}) {
    credentials.response = *digest_response(credentials, secret, method);
    EXPECT_TRUE(*digest_proves(credentials, secret)) << method;
  }
  EXPECT_FALSE(*digest_proves(credentials, *digest_secret("jane", "example", "wrong")));
  EXPECT_FALSE(*digest_proves(credentials, *digest_secret("jane", "elsewhere", "correct horse")));
  credentials.nonce = "another";
  EXPECT_FALSE(*digest_proves(credentials, secret));
}

TEST(HttpDigestTest, QuotedValuesMayHoldCommasBlanksAndEscapes) {
  const DigestCredentials credentials =
      read(R"(digest Username="a, \"b\" \\c",REALM="r=1" , nonce=n,uri="/",response="AB")");
  EXPECT_EQ(credentials.user_name, R"(a, "b" \c)");
  EXPECT_EQ(credentials.realm, "r=1");
  EXPECT_EQ(credentials.response, "ab");
}

TEST(HttpDigestTest, WhatIsNoDigestOfOursIsRefusedAndNotQuoted) {
  const std::string whole =
      R"(Digest username="secret",realm="r",nonce="n",uri="/",response="ab")";
  ASSERT_TRUE(parse_digest_credentials(whole));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(parse_digest_credentials(whole.substr(0, length))) << length;
  }
  for (const std::string& text :
       {"Basic " + whole.substr(7), whole + R"(,algorithm=SHA-256)", whole + R"(,realm="r")",
        whole + R"(,qop=auth-int,nc=1,cnonce="c")", whole + ",qop=auth", whole + " more",
        whole + R"(,x=")" + std::string(5'000, 'x') + '"'}) {
    const auto refused = parse_digest_credentials(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::malformed);
    EXPECT_EQ(refused.error().detail.find("secret"), std::string::npos);
  }
}

TEST(HttpDigestTest, TheChallengeIsInApplesForm) {
  EXPECT_EQ(write_digest_challenge("n-1", "example"), R"(Digest nonce="n-1",realm="example")");
}

}  // namespace
}  // namespace reveille::pki
