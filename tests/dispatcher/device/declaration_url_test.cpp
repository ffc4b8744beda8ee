#include "dispatcher/device/declaration_url.h"

#include <gtest/gtest.h>

namespace reveille::device {
namespace {

TEST(DeclarationUrlTest, TheBaseIsReadIntoItsParts) {
  const DeclarationUrl whole = parse_declaration_url("https://ddm.example.com:8443/a/b/").value();
  EXPECT_TRUE(whole.tls);
  EXPECT_EQ(whole.host, "ddm.example.com");
  EXPECT_EQ(whole.port, 8443);
  EXPECT_EQ(whole.authority, "ddm.example.com:8443");
  EXPECT_EQ(whole.folder, "/a/b/");

  const DeclarationUrl plain = parse_declaration_url("http://ddm").value();
  EXPECT_FALSE(plain.tls);
  EXPECT_EQ(plain.port, 80);
  EXPECT_EQ(plain.folder, "/");
  EXPECT_EQ(parse_declaration_url("https://ddm/").value().port, 443);

  const DeclarationUrl literal = parse_declaration_url("http://[::1]:9002/v1/").value();
  EXPECT_EQ(literal.host, "::1");
  EXPECT_EQ(literal.port, 9002);
  EXPECT_EQ(literal.authority, "[::1]:9002");
}

TEST(DeclarationUrlTest, WhatIsNoBaseIsRefused) {
  for (const char* url : {"", "ddm.example.com/", "ftp://ddm/", "https://", "https:///a/",
                          "https://ddm/a", "https://ddm:0/", "https://ddm:65536/", "https://ddm:x/",
                          "https://user:password@ddm/", "https://[::1/", "https://ddm/a?b/",
                          "https://ddm/a b/", "https://[::1]x/"}) {
    EXPECT_FALSE(parse_declaration_url(url)) << url;
  }
}

TEST(DeclarationUrlTest, TheFourEndpointsAreKnown) {
  EXPECT_EQ(declaration_endpoint("tokens"), DeclarationEndpoint::tokens);
  EXPECT_EQ(declaration_endpoint("declaration-items"), DeclarationEndpoint::items);
  EXPECT_EQ(declaration_endpoint("status"), DeclarationEndpoint::status);
  for (const char* kind : {"activation", "asset", "configuration", "management"}) {
    EXPECT_EQ(declaration_endpoint(std::string("declaration/") + kind + "/com.example.a/b"),
              DeclarationEndpoint::declaration);
  }
}

TEST(DeclarationUrlTest, NoEndpointLeadsOutOfTheFolder) {
  for (const char* endpoint :
       {"", "tokens/", "Tokens", "/tokens", "//evil.example.com/tokens", "http://evil/tokens",
        "declaration/", "declaration/configuration", "declaration/configuration/",
        "declaration/novelty/a", "declaration/configuration/..", "declaration/configuration/a/../b",
        "declaration/configuration//a", "declaration/asset/./a", "declaration/asset/a/",
        "../tokens"}) {
    EXPECT_EQ(declaration_endpoint(endpoint), std::nullopt) << endpoint;
  }
}

TEST(DeclarationUrlTest, WhatAPathCannotHoldIsEncoded) {
  const DeclarationUrl url = parse_declaration_url("https://ddm/v1/").value();
  EXPECT_EQ(declaration_target(url, "declaration-items"), "/v1/declaration-items");
  EXPECT_EQ(declaration_target(url, "declaration/asset/a b?c#d%2e\r\n\xc3\xa9"),
            "/v1/declaration/asset/a%20b%3Fc%23d%252e%0D%0A%C3%A9");
}

}  // namespace
}  // namespace reveille::device
