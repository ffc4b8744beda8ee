#include "protocol/base/bytes.h"

#include <gtest/gtest.h>

namespace reveille {
namespace {

TEST(HexTest, BytesAreTwoLowerCaseDigitsEach) {
  EXPECT_EQ(to_hex(""), "");
  EXPECT_EQ(to_hex(std::string_view("\x00\x0f\xa5\xff", 4)), "000fa5ff");
}

TEST(HexTest, BothCasesAreRead) { EXPECT_EQ(from_hex("a5fFAb"), "\xa5\xff\xab"); }

TEST(HexTest, EveryByteSurvives) {
  for (int i = 0; i < 256; ++i) {
    const Bytes byte(1, static_cast<char>(i));
    EXPECT_EQ(from_hex(to_hex(byte)), byte);
  }
}

TEST(HexTest, AnOddLengthIsRefused) {
  EXPECT_FALSE(from_hex("a"));
  EXPECT_FALSE(from_hex("a5f"));
}

TEST(HexTest, AnythingButADigitIsRefused) {
  for (const char* text : {"0g", "g0", "0x", " 0", "-1", "a:", "\xc3\xa9"}) {
    EXPECT_FALSE(from_hex(text)) << text;
  }
}

}  // namespace
}  // namespace reveille
