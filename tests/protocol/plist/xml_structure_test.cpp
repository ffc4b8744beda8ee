#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "protocol/plist/parse.h"
#include "tests/protocol/plist/documents.h"

namespace reveille::plist {
namespace {

using testing::HasSubstr;

const std::string declaration = R"(<?xml version="1.0" encoding="UTF-8"?>)";
const std::string doctype =
    R"(<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">)";
const std::string body = xml("<dict><key>key</key><string>val</string></dict>");
const Value key_val = Dictionary{{"key", "val"}};

std::string repeated(std::string_view text, std::size_t count) {
  std::string all;
  all.reserve(text.size() * count);
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::string nested_arrays(std::size_t depth) {
  return repeated("<array>", depth) + repeated("</array>", depth);
}

TEST(XmlPrologTest, DeclarationAndDoctypeMayBothBeAbsent) {
  EXPECT_EQ(accepted(declaration + "\n" + doctype + "\n" + body + "\n"), key_val);
  EXPECT_EQ(accepted(doctype + body), key_val);
  EXPECT_EQ(accepted(declaration + body), key_val);
  EXPECT_EQ(accepted(body), key_val);
}

TEST(XmlPrologTest, ANewlineOrAByteOrderMarkMayStandBeforeTheDeclaration) {
  EXPECT_EQ(accepted("\n" + declaration + body), key_val);
  EXPECT_EQ(accepted(" \t\r\n" + declaration + body), key_val);
  EXPECT_EQ(accepted("\xef\xbb\xbf" + declaration + body), key_val);
  EXPECT_EQ(accepted("\xef\xbb\xbf\n" + body), key_val);
}

TEST(XmlPrologTest, CommentsAndInstructionsAreSkippedAnywhereBetweenElements) {
  EXPECT_EQ(accepted(declaration + "<!-- a -->" + doctype + "<!-- b --><?target x?>" +
                     "<plist><!-- <c> --><dict><!-- d --><key>key</key><!-- e --><string>val" +
                     "</string></dict><?f?></plist><!-- g -->\n<?h?>"),
            key_val);
}

TEST(XmlPrologTest, TextBeforeTheListIsRefused) {
  EXPECT_THAT(refusal("text" + declaration + body), HasSubstr("text between elements"));
  EXPECT_THAT(refusal(declaration + "text" + body), HasSubstr("text between elements"));
  EXPECT_THAT(refusal(doctype + "text" + body), HasSubstr("text between elements"));
}

TEST(XmlPrologTest, ADeclarationAnywhereElseIsRefused) {
  EXPECT_THAT(refusal(doctype + declaration + body), HasSubstr("not at the start"));
  EXPECT_THAT(refusal(declaration + declaration + body), HasSubstr("not at the start"));
  EXPECT_THAT(refusal(body + declaration), HasSubstr("not at the start"));
}

TEST(XmlPrologTest, ADoctypeWithDeclarationsOfItsOwnIsRefused) {
  for (const char* hostile :
       {R"(<!DOCTYPE plist [<!ENTITY a "b">]>)",
        R"(<!DOCTYPE plist SYSTEM "x" [ <!ENTITY a SYSTEM "file:///etc/passwd"> ]>)",
        R"(<!DOCTYPE plist []>)", R"(<!DOCTYPE plist <!ENTITY a "b">>)"}) {
    EXPECT_THAT(refusal(hostile + body), HasSubstr("declarations of its own")) << hostile;
  }
}

TEST(XmlPrologTest, BracketsInsideTheQuotesOfADoctypeAreText) {
  EXPECT_EQ(accepted(R"(<!DOCTYPE plist PUBLIC "[<x>]" '">[')>)" + body), key_val);
}

TEST(XmlPrologTest, ADoctypeThatDoesNotEndOrComesTwiceOrTooLateIsRefused) {
  EXPECT_THAT(refusal("<!DOCTYPE plist"), HasSubstr("does not end"));
  EXPECT_THAT(refusal("<!DOCTYPE plist \"" + body), HasSubstr("does not end"));
  EXPECT_THAT(refusal(doctype + doctype + body), HasSubstr("a second DOCTYPE"));
  EXPECT_THAT(refusal(body + doctype), HasSubstr("something after </plist>"));
  EXPECT_THAT(refusal("<plist>" + doctype + "<true/></plist>"), HasSubstr("not well-formed"));
}

TEST(XmlEncodingTest, TheNamesOfUtf8AndAsciiAreAcceptedInAnyCase) {
  for (const char* name : {"UTF-8", "utf-8", "Utf8", "US-ASCII"}) {
    EXPECT_EQ(accepted("<?xml version='1.0' encoding='" + std::string(name) + "'?>" + body),
              key_val)
        << name;
  }
  EXPECT_EQ(accepted("<?xml version='1.0'?>" + body), key_val);
}

TEST(XmlEncodingTest, OtherDeclaredEncodingsAreRefused) {
  for (const char* name : {"ISO-8859-1", "UTF-16", "windows-1252", "UTF-7"}) {
    EXPECT_THAT(refusal("<?xml version=\"1.0\" encoding=\"" + std::string(name) + "\"?>" + body),
                HasSubstr("encodings other than UTF-8"))
        << name;
  }
}

TEST(XmlEncodingTest, Utf16AndUtf32AreRefusedWithAByteOrderMarkOrWithout) {
  std::string big_endian;
  std::string little_endian;
  std::string four_bytes;
  for (const char character : declaration + body) {
    big_endian += std::string{'\0', character};
    little_endian += std::string{character, '\0'};
    four_bytes += std::string{character, '\0', '\0', '\0'};
  }
  const std::string reason = "byte 0: UTF-16 and UTF-32 are refused: send UTF-8";
  EXPECT_EQ(refusal(big_endian), reason);
  EXPECT_EQ(refusal(little_endian), reason);
  EXPECT_EQ(refusal(four_bytes), reason);
  EXPECT_EQ(refusal("\xfe\xff" + big_endian), reason);
  EXPECT_EQ(refusal("\xff\xfe" + little_endian), reason);
  EXPECT_EQ(refusal(std::string("\xff\xfe\0\0", 4) + four_bytes), reason);
}

TEST(XmlEncodingTest, BytesThatAreNotUtf8AreRefusedWhereTheyStand) {
  EXPECT_EQ(refused_xml("<string>caf\xe9</string>"), "byte 32: not UTF-8");
  for (const char* bytes : {"\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xed\xa0\x80",
                            "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "\xe2\x82"}) {
    EXPECT_THAT(refused_xml("<string>" + std::string(bytes) + "</string>"), HasSubstr("not UTF-8"));
    EXPECT_THAT(refused_xml("<!-- " + std::string(bytes) + " --><true/>"), HasSubstr("not UTF-8"));
  }
}

TEST(XmlEncodingTest, ANulCharacterIsRefused) {
  EXPECT_THAT(refused_xml(std::string_view("<string>a\0b</string>", 20)), HasSubstr("NUL"));
}

TEST(XmlContainerTest, EmptyOnesAreReadInBothSpellings) {
  EXPECT_EQ(accepted_xml("<array/>"), Value(Array{}));
  EXPECT_EQ(accepted_xml("<array> </array>"), Value(Array{}));
  EXPECT_EQ(accepted_xml("<dict/>"), Value(Dictionary{}));
  EXPECT_EQ(accepted_xml("<dict>\n</dict>"), Value(Dictionary{}));
}

TEST(XmlContainerTest, NestedOnesKeepTheirOrder) {
  const Value value = accepted_xml(
      "<dict><key>b</key><array><integer>1</integer><dict><key>x</key><true/></dict><array/>"
      "</array><key>a</key><dict/></dict>");

  EXPECT_EQ(value, Value(Dictionary{{"b", Array{1, Dictionary{{"x", true}}, Array{}}},
                                    {"a", Dictionary{}}}));
  EXPECT_EQ(value.get_if<Dictionary>()->entries()[0].first, "b");
}

TEST(XmlContainerTest, AKeyGivenAgainKeepsItsFirstPlaceAndItsLastValue) {
  const Value value = accepted_xml(
      "<dict><key>a</key><integer>1</integer><key>b</key><true/><key>a</key><integer>2</integer>"
      "</dict>");

  EXPECT_EQ(value, Value(Dictionary{{"a", 2}, {"b", true}}));
  EXPECT_EQ(value.get_if<Dictionary>()->entries()[0].first, "a");
}

TEST(XmlContainerTest, AKeyMayBeEmptyAndHoldEntities) {
  EXPECT_EQ(accepted_xml("<dict><key/><true/><key>a&amp;b</key><false/></dict>"),
            Value(Dictionary{{"", true}, {"a&b", false}}));
  EXPECT_EQ(accepted_xml("<dict><key><!-- c --></key><true/></dict>"),
            Value(Dictionary{{"", true}}));
}

TEST(XmlContainerTest, KeysAndValuesHaveToAlternate) {
  EXPECT_THAT(refused_xml("<dict><true/></dict>"), HasSubstr("a value without a key"));
  EXPECT_THAT(refused_xml("<dict><key>a</key></dict>"), HasSubstr("a key without a value"));
  EXPECT_THAT(refused_xml("<dict><key>a</key><key>b</key><true/></dict>"),
              HasSubstr("a key without a value"));
  EXPECT_THAT(refused_xml("<dict><key>a</key><true/><true/></dict>"),
              HasSubstr("a value without a key"));
  EXPECT_THAT(refused_xml("<array><key>a</key></array>"), HasSubstr("a key outside a dictionary"));
  EXPECT_THAT(refused_xml("<key>a</key>"), HasSubstr("a key outside a dictionary"));
}

TEST(XmlContainerTest, TextInsideIsRefused) {
  EXPECT_THAT(refused_xml("<dict>text</dict>"), HasSubstr("text between elements"));
  EXPECT_THAT(refused_xml("<array><true/>text</array>"), HasSubstr("text between elements"));
  EXPECT_THAT(refused_xml("<array>&amp;</array>"), HasSubstr("text between elements"));
  EXPECT_THAT(refused_xml("<array><![CDATA[ ]]></array>"), HasSubstr("not well-formed"));
}

TEST(XmlElementTest, ExactlyOneValueIsAsked) {
  EXPECT_THAT(refusal("<plist></plist>"), HasSubstr("<plist> is empty"));
  EXPECT_THAT(refusal("<plist/>"), HasSubstr("<plist> is empty"));
  EXPECT_THAT(refused_xml("<true/><true/>"), HasSubstr("a second value"));
  EXPECT_THAT(refusal("<dict></dict>"), HasSubstr("the first element is not <plist>"));
  EXPECT_THAT(refusal(declaration), HasSubstr("no <plist> element"));
  EXPECT_THAT(refusal(""), HasSubstr("empty"));
}

TEST(XmlElementTest, NothingMayFollowTheList) {
  EXPECT_THAT(refusal(body + "text"), HasSubstr("text between elements"));
  EXPECT_THAT(refusal(body + body), HasSubstr("something after </plist>"));
}

TEST(XmlElementTest, UnknownElementsAreRefused) {
  for (const char* content : {"<bool/>", "<String>a</String>", "<plist><true/></plist>", "<null/>",
                              "<x:string>a</x:string>", "<strings>a</strings>"}) {
    EXPECT_THAT(refused_xml(content), HasSubstr("an element that property lists do not have"))
        << content;
  }
}

TEST(XmlElementTest, AttributesAreIgnoredWhenWellFormed) {
  EXPECT_EQ(accepted("<plist version = '1.0' xmlns:a=\"b>c\" ><string id=\"'\">a</string></plist>"),
            Value("a"));
  EXPECT_EQ(accepted_xml("<string\n>a</string >"), Value("a"));
}

TEST(XmlElementTest, TagsThatAreNotWellFormedAreRefused) {
  for (const char* document :
       {"<plist Q=\"><true/></plist>", "<plist Q><true/></plist>", "<plist =\"a\"><true/></plist>",
        "<plist Q=a><true/></plist>", "<plist Q='a'R='b'><true/></plist>", "<plist Q='<'><true/>",
        "<plist", "<", "< plist><true/></plist>", "<plist><true/ ></plist>",
        "<plist><!test><true/></plist>"}) {
    refusal(document);
  }
}

TEST(XmlElementTest, EndTagsHaveToMatch) {
  for (const char* document : {"<plist><dict></array></plist>", "<plist><string>a</key></plist>",
                               "<plist><array></plist></array>", "<plist><true/></plists>",
                               "<plist><string>a</stringx>", "<plist><string>a</string </plist>"}) {
    EXPECT_THAT(refusal(document), HasSubstr("does not match")) << document;
  }
  EXPECT_THAT(refusal("<plist><dict>"), HasSubstr("does not end"));
  EXPECT_THAT(refusal("<plist><true/>"), HasSubstr("does not end"));
  EXPECT_THAT(refusal("<plist><string>a"), HasSubstr("does not end"));
}

TEST(XmlElementTest, EveryPrefixOfADocumentIsRefused) {
  const std::string document = declaration + doctype + body;
  for (std::size_t length = 0; length < document.size(); ++length) {
    EXPECT_FALSE(parse(document.substr(0, length))) << length;
  }
}

TEST(OtherFormatsTest, OpenStepListsJsonAndPlainTextAreNeverRead) {
  for (const char* document :
       {"{ key = val; }", "(a, b)", "\"quoted\"", "// comment\n{}", "<0fbd77>",
        "{\"key\": \"val\"}", "This is not a property list", "x"}) {
    refusal(document);
  }
}

TEST(XmlLimitsTest, SixtyFourLevelsAreReadAndNoMore) {
  accepted_xml(nested_arrays(64));
  EXPECT_THAT(refused_xml(nested_arrays(65)), HasSubstr("nested too deeply"));
  EXPECT_THAT(refused_xml(nested_arrays(200'000)), HasSubstr("nested too deeply"));
  EXPECT_THAT(refused_xml(repeated("<array>", 64) + "<array/>" + repeated("</array>", 64)),
              HasSubstr("nested too deeply"));
  EXPECT_THAT(refused_xml(repeated("<dict><key>a</key>", 65)), HasSubstr("nested too deeply"));
}

TEST(XmlLimitsTest, NoMoreValuesAreBuiltThanAllowed) {
  const Limits limits{.depth_max = 64, .objects_max = 5, .expanded_bytes_max = 1000};
  accepted(xml("<array>" + repeated("<true/>", 4) + "</array>"), limits);
  EXPECT_THAT(refusal(xml("<array>" + repeated("<true/>", 5) + "</array>"), limits),
              HasSubstr("too many values"));
}

TEST(XmlLimitsTest, NoMoreBytesOfTextAreBuiltThanAllowed) {
  const Limits limits{.depth_max = 64, .objects_max = 100, .expanded_bytes_max = 8};
  accepted(xml("<array><string>1234</string><string>5678</string></array>"), limits);
  EXPECT_THAT(refusal(xml("<array><string>1234</string><string>56789</string></array>"), limits),
              HasSubstr("too many bytes"));
  EXPECT_THAT(refusal(xml("<dict><key>123456789</key><true/></dict>"), limits),
              HasSubstr("too many bytes"));
}

TEST(XmlLimitsTest, ManyEmptyDictionariesTakeNoMoreMemoryThanTheirValues) {
  const Value value = accepted(xml("<array>" + repeated("<dict><key/><true/></dict>", 1000) +
                                   repeated("<dict></dict>", 1000) + "</array>"));

  std::size_t kept = 0;
  for (const Value& item : *value.get_if<Array>()) {
    kept += item.get_if<Dictionary>()->entries().capacity();
  }
  EXPECT_EQ(kept, 1000u);
}

TEST(XmlLimitsTest, ADictionaryOfManyKeysIsReadInReasonableTime) {
  std::string content = "<dict>";
  for (int i = 0; i < 100'000; ++i)
    content += "<key>" + std::to_string(i % 70'000) + "</key><true/>";

  const Value value = accepted(xml(content + "</dict>"));

  EXPECT_EQ(value.get_if<Dictionary>()->entries().size(), 70'000u);
}

TEST(ParseDictionaryTest, AnythingButADictionaryAtTheTopIsRefused) {
  EXPECT_TRUE(parse_dictionary(body));
  for (const char* content : {"<array/>", "<string>a</string>", "<real>1</real>"}) {
    const Result<Dictionary> dictionary = parse_dictionary(xml(content));
    ASSERT_FALSE(dictionary) << content;
    EXPECT_EQ(dictionary.error(),
              (Error{ErrorCode::malformed, "the property list is not a dictionary"}));
  }
}

}  // namespace
}  // namespace reveille::plist
