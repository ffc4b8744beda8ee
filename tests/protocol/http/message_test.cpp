#include "protocol/http/message.h"

#include <gtest/gtest.h>

namespace reveille::http {
namespace {

Request request_for(std::string target) {
  Request request;
  request.target = std::move(target);
  return request;
}

TEST(MessageTest, TheTargetSplitsAtItsFirstQuestionMark) {
  const Request request = request_for("/scep?operation=PKIOperation&message=a?b");

  EXPECT_EQ(request.path(), "/scep");
  EXPECT_EQ(request.query(), "operation=PKIOperation&message=a?b");
}

TEST(MessageTest, ATargetWithoutAQuestionMarkHasAnEmptyQuery) {
  const Request request = request_for("/mdm");

  EXPECT_EQ(request.path(), "/mdm");
  EXPECT_EQ(request.query(), "");
}

TEST(MessageTest, TheFirstHeaderOfANameIsFound) {
  Request request;
  request.headers = {{"content-type", "text/xml"}, {"content-type", "text/plain"}};
  Response response;
  response.headers = {{"apns-id", "x"}};

  EXPECT_EQ(request.header("content-type"), "text/xml");
  EXPECT_EQ(request.header("mdm-signature"), std::nullopt);
  EXPECT_EQ(response.header("apns-id"), "x");
}

TEST(MessageTest, APathIsDecodedAndKeepsItsPlus) {
  EXPECT_EQ(decode_path("/a%20b+c%2fd"), "/a b+c/d");
  EXPECT_EQ(decode_path("%00"), std::string(1, '\0'));
}

TEST(MessageTest, ABrokenEscapeIsRefused) {
  for (const char* text : {"%", "%4", "%zz", "a%2", "%%41", "% 41"}) {
    EXPECT_EQ(decode_path(text), std::nullopt) << text;
  }
}

TEST(MessageTest, AQueryParameterIsDecodedAndItsPlusIsABlank) {
  EXPECT_EQ(query_parameter("a=1&operation=GetCACert&b=x+y%2Bz", "operation"), "GetCACert");
  EXPECT_EQ(query_parameter("a=1&operation=GetCACert&b=x+y%2Bz", "b"), "x y+z");
  EXPECT_EQ(query_parameter("a%62c=1", "abc"), "1");
}

TEST(MessageTest, AQueryParameterMayBeEmptyOrWithoutAValue) {
  EXPECT_EQ(query_parameter("force=&x=1", "force"), "");
  EXPECT_EQ(query_parameter("x=1&force", "force"), "");
}

TEST(MessageTest, AnAbsentOrBrokenQueryParameterIsNone) {
  EXPECT_EQ(query_parameter("", "a"), std::nullopt);
  EXPECT_EQ(query_parameter("ab=1&&", "a"), std::nullopt);
  EXPECT_EQ(query_parameter("a=%4", "a"), std::nullopt);
  EXPECT_EQ(query_parameter("%4=1&a=2", "a"), "2");
}

}  // namespace
}  // namespace reveille::http
