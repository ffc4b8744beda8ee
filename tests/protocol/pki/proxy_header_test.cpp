#include "protocol/pki/proxy_header.h"

#include <gtest/gtest.h>

#include "protocol/base/base64.h"
#include "tests/protocol/pki/identities.h"

namespace reveille::pki {
namespace {

std::string escaped(std::string_view text, std::string_view unescaped, const char* blank) {
  std::string result;
  for (const char letter : text) {
    if (letter == ' ') {
      result += blank;
    } else if (unescaped.find(letter) != std::string_view::npos) {
      result += letter;
    } else {
      result += '%' + to_hex({&letter, 1});
    }
  }
  return result;
}

constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";

class ProxyHeaderTest : public testing::Test {
 protected:
  const Certificate certificate_ = device_of(authority()).certificate;
};

TEST_F(ProxyHeaderTest, AByteSequenceOfRfc9440IsRead) {
  const std::string value = ":" + to_base64(certificate_.der()) + ":";
  EXPECT_EQ(must(certificate_from_proxy_header(value)), certificate_);
  EXPECT_EQ(must(certificate_from_proxy_header(" " + value + "\t")), certificate_);
}

TEST_F(ProxyHeaderTest, EscapedPemIsReadWithEitherBlank) {
  const std::string pem = certificate_.pem();
  EXPECT_EQ(must(certificate_from_proxy_header(escaped(pem, letters, "+"))), certificate_);
  EXPECT_EQ(must(certificate_from_proxy_header(escaped(pem, letters, "%20"))), certificate_);
}

TEST_F(ProxyHeaderTest, WhatIsNotOneCertificateIsRefused) {
  const std::string base64 = to_base64(certificate_.der());
  const std::string pem = escaped(certificate_.pem(), letters, "+");
  for (const std::string& value :
       {std::string(), std::string(":"), std::string("::"), ":" + base64, base64,
        ":" + base64.substr(0, 40) + " " + base64.substr(40) + ":", ":" + base64 + ":;a=1",
        ":" + base64 + ":, :" + base64 + ":", ":" + to_base64("no certificate") + ":", pem + pem,
        pem + "%", pem + "%4", pem + "%zz", pem.substr(0, pem.size() / 2)}) {
    const auto read = certificate_from_proxy_header(value);
    ASSERT_FALSE(read) << value;
    EXPECT_EQ(read.error().code, ErrorCode::malformed);
  }
}

}  // namespace
}  // namespace reveille::pki
