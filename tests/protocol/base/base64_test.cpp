#include "protocol/base/base64.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace reveille {
namespace {

// RFC 4648 section 10.
const std::pair<const char*, const char*> test_vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

Bytes every_byte() {
  Bytes bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  return bytes;
}

TEST(Base64Test, TheVectorsOfTheRfcAreWrittenAndReadBack) {
  for (const auto& [bytes, text] : test_vectors) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

TEST(Base64Test, EveryByteSurvivesAtEveryPlaceInAGroup) {
  for (std::size_t dropped = 0; dropped < 3; ++dropped) {
    const Bytes bytes = every_byte().substr(dropped);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
}

TEST(Base64Test, TheLastTwoCharactersOfTheAlphabetArePlusAndSlash) {
  EXPECT_EQ(to_base64("\xfb\xff\xfe"), "+//+");
  EXPECT_EQ(from_base64("+//+"), "\xfb\xff\xfe");
}

TEST(Base64Test, BlanksTabsAndLineBreaksAreSkippedAnywhere) {
  EXPECT_EQ(from_base64("\r\n\tZ m\n9 v\t\tYg \n= =\n"), "foob");
  EXPECT_EQ(from_base64(" \n\t "), "");
}

TEST(Base64Test, PaddingOfTheWrongNumberIsRefused) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zm8", "Zm8==", "AAAA=", "AAAA==", "Z",
                           "Z=", "Z==", "Z===", "=", "====", "Base64="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

TEST(Base64Test, NothingButBlanksMayFollowPadding) {
  EXPECT_EQ(from_base64("Zg== \n"), "f");
  for (const char* text : {"Zg==Zg==", "Zm8=Zm8=", "Zg=a=", "Zg==a"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

TEST(Base64Test, CharactersOutsideTheAlphabetAreRefused) {
  for (const char* text : {"Zm9-", "Zm9_", "Zm9.", "Zm9v!", "Zm9v\v", "Zm\xc3\xa9v"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
  EXPECT_FALSE(from_base64(std::string_view("Zm9v\0", 5)));
}

TEST(Base64UrlTest, EveryByteIsWrittenWithoutPaddingAndReadBack) {
  for (std::size_t length = 0; length <= 256; ++length) {
    const Bytes bytes = every_byte().substr(0, length);
    const std::string text = to_base64url(bytes);
    EXPECT_EQ(text.find_first_of("+/="), std::string::npos);
    EXPECT_EQ(from_base64url(text), bytes);
  }
  EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
}

TEST(Base64UrlTest, EveryValueHasOneSpelling) {
  for (const char* text : {"Zg==", "Zh", "Z", "Zm9v+A", "Zm9v/A", "Zm 9v", "Zm9v\n", "Zm9*"}) {
    EXPECT_EQ(from_base64url(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace reveille
