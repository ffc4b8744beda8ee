#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "protocol/plist/parse.h"
#include "tests/protocol/plist/documents.h"

namespace reveille::plist {
namespace {

using testing::HasSubstr;

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();

Value integer(std::string_view text) {
  return accepted_xml("<integer>" + std::string(text) + "</integer>");
}
double real(std::string_view text) {
  const Value value = accepted_xml("<real>" + std::string(text) + "</real>");
  const auto* number = value.get_if<double>();
  EXPECT_NE(number, nullptr) << text;
  return number == nullptr ? 0 : *number;
}
Value date(std::string_view text) { return accepted_xml("<date>" + std::string(text) + "</date>"); }
Value seconds_since_1970(std::int64_t seconds) {
  return Date{std::chrono::sys_seconds(std::chrono::seconds(seconds))};
}

TEST(XmlBooleanTest, TrueAndFalseAreReadInBothSpellingsOfAnEmptyElement) {
  EXPECT_EQ(accepted_xml("<true/>"), Value(true));
  EXPECT_EQ(accepted_xml("<false/>"), Value(false));
  EXPECT_EQ(accepted_xml("<true></true>"), Value(true));
  EXPECT_EQ(accepted_xml("<false> </false>"), Value(false));
  EXPECT_EQ(accepted_xml("<true />"), Value(true));
}

TEST(XmlBooleanTest, ContentIsRefused) {
  EXPECT_THAT(refused_xml("<true>yes</true>"), HasSubstr("with content"));
  EXPECT_THAT(refused_xml("<false>0</false>"), HasSubstr("with content"));
}

TEST(XmlIntegerTest, EveryWidthIsReadUpToItsBounds) {
  EXPECT_EQ(integer("0"), Value(0));
  EXPECT_EQ(integer("255"), Value(255));
  EXPECT_EQ(integer("-1"), Value(-1));
  EXPECT_EQ(integer("65536"), Value(65536));
  EXPECT_EQ(integer("4294967296"), Value(std::int64_t{4294967296}));
  EXPECT_EQ(integer("9223372036854775807"), Value(highest));
  EXPECT_EQ(integer("-9223372036854775808"), Value(lowest));
}

TEST(XmlIntegerTest, AboveTheSignedRangeItIsUnsigned) {
  EXPECT_EQ(integer("9223372036854775808"), Value(Integer{lowest, true}));
  EXPECT_EQ(integer("18446744073709551615"), Value(Integer{-1, true}));
}

TEST(XmlIntegerTest, HexadecimalIsReadInEitherCaseAndWithASign) {
  EXPECT_EQ(integer("0x1F"), Value(31));
  EXPECT_EQ(integer("0Xff"), Value(255));
  EXPECT_EQ(integer("-0x10"), Value(-16));
  EXPECT_EQ(integer("0xffffffffffffffff"), Value(Integer{-1, true}));
  EXPECT_EQ(integer("-0x8000000000000000"), Value(lowest));
}

TEST(XmlIntegerTest, BlanksAroundAPlusSignAndLeadingZerosAreTolerated) {
  EXPECT_EQ(integer("\n\t 42 \r\n"), Value(42));
  EXPECT_EQ(integer("+42"), Value(42));
  EXPECT_EQ(integer("0042"), Value(42));
}

TEST(XmlIntegerTest, BeyondSixtyFourBitsIsRefused) {
  for (const char* text : {"18446744073709551616", "-9223372036854775809", "0x10000000000000000",
                           "-0x8000000000000001", "99999999999999999999999999"}) {
    EXPECT_THAT(refused_xml("<integer>" + std::string(text) + "</integer>"),
                HasSubstr("<integer> is none"))
        << text;
  }
}

TEST(XmlIntegerTest, WhatIsNoIntegerIsRefused) {
  for (const char* text : {"", " ", "-", "+", "0x", "-0x", "--1", "+-1", "- 1", "1 2", "1.0", "1e3",
                           "12a", "0xg", "0x-1", "one", "&#x661;"}) {
    EXPECT_THAT(refused_xml("<integer>" + std::string(text) + "</integer>"),
                HasSubstr("<integer> is none"))
        << text;
  }
  EXPECT_THAT(refused_xml("<integer/>"), HasSubstr("<integer> is none"));
}

TEST(XmlRealTest, EverySpellingOfADecimalNumberIsRead) {
  EXPECT_EQ(real("64"), 64.0);
  EXPECT_EQ(real("-33.8567844"), -33.8567844);
  EXPECT_EQ(real("217.90493011474609"), 217.90493011474609);
  EXPECT_EQ(real("+.5"), 0.5);
  EXPECT_EQ(real("5."), 5.0);
  EXPECT_EQ(real("2.352535353543534e+19"), 2.352535353543534e+19);
  EXPECT_EQ(real("1E-3"), 0.001);
  EXPECT_EQ(real("\n 1 \n"), 1.0);
  EXPECT_TRUE(std::signbit(real("-0.0")));
}

TEST(XmlRealTest, InfinityAndNotANumberAreReadInTheirSpellings) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(real("inf"), infinity);
  EXPECT_EQ(real("+infinity"), infinity);
  EXPECT_EQ(real("-Infinity"), -infinity);
  EXPECT_TRUE(std::isnan(real("nan")));
  EXPECT_TRUE(std::isnan(real("NaN")));
}

TEST(XmlRealTest, WhatIsNoNumberIsRefused) {
  for (const char* text : {"", "-", ".", "e5", "1e", "1,5", "1.2.3", "0x1p3", "1 2", "--1", "+-1",
                           "nan(7)", "infinite", "1e400", "-1e400"}) {
    EXPECT_THAT(refused_xml("<real>" + std::string(text) + "</real>"),
                HasSubstr("<real> is no number"))
        << text;
  }
}

TEST(XmlDateTest, ASecondOfUniversalTimeIsRead) {
  EXPECT_EQ(date("1970-01-01T00:00:00Z"), seconds_since_1970(0));
  EXPECT_EQ(date("2022-09-09T08:38:04Z"), seconds_since_1970(1'662'712'684));
  EXPECT_EQ(date(" 2000-02-29T23:59:59Z\n"), seconds_since_1970(951'868'799));
  EXPECT_EQ(date("0001-01-01T00:00:00Z"), seconds_since_1970(-62'135'596'800));
  EXPECT_EQ(date("9999-12-31T23:59:59Z"), seconds_since_1970(253'402'300'799));
}

TEST(XmlDateTest, WhatTheCalendarDoesNotHaveIsRefused) {
  for (const char* text :
       {"2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2022-13-01T00:00:00Z",
        "2022-00-01T00:00:00Z", "2022-01-00T00:00:00Z", "2022-04-31T00:00:00Z",
        "2022-01-01T24:00:00Z", "2022-01-01T00:60:00Z", "2022-01-01T00:00:60Z"}) {
    EXPECT_THAT(refused_xml("<date>" + std::string(text) + "</date>"), HasSubstr("<date>")) << text;
  }
}

TEST(XmlDateTest, OtherFormsOfADateAreRefused) {
  for (const char* text :
       {"", "2022-09-09", "2022-09-09 08:38:04", "2022-09-09T08:38:04", "2022-09-09T08:38:04+00:00",
        "2022-09-09T08:38:04.5Z", "2022-9-9T08:38:04Z", "20220909T083804Z", "-022-09-09T08:38:04Z",
        "2022-09-09t08:38:04z", "12022-09-09T08:38:04Z", "2022-09-09T08:38:0aZ"}) {
    EXPECT_THAT(refused_xml("<date>" + std::string(text) + "</date>"), HasSubstr("<date>")) << text;
  }
}

TEST(XmlDataTest, BytesOfAnyContentAreReadFromBase64) {
  EXPECT_EQ(accepted_xml("<data>AAH/</data>"), Value(Data{Bytes("\x00\x01\xff", 3)}));
  EXPECT_EQ(accepted_xml("<data></data>"), Value(Data{}));
  EXPECT_EQ(accepted_xml("<data/>"), Value(Data{}));
}

TEST(XmlDataTest, BlanksBetweenTheCharactersAreSkipped) {
  EXPECT_EQ(accepted_xml("<data>\n\t\taGVs\n\t\tbG8=\n\t</data>"), Value(Data{"hello"}));
  EXPECT_EQ(accepted_xml("<data>a G V s\r\nb G 8 =</data>"), Value(Data{"hello"}));
  EXPECT_EQ(accepted_xml("<data>aGVs<!-- half -->bG8=</data>"), Value(Data{"hello"}));
}

TEST(XmlDataTest, WhatIsNotBase64IsRefusedAtItsElement) {
  EXPECT_EQ(refused_xml("<data>Base64=</data>"), "byte 21: <data> is not base64");
  EXPECT_THAT(refused_xml("<data>AAAA=</data>"), HasSubstr("<data> is not base64"));
  EXPECT_THAT(refused_xml("<data>a-_b</data>"), HasSubstr("<data> is not base64"));
}

TEST(XmlScalarTest, OneThatIsNoneOfItsTypeIsKeptAsTextWhenAskedFor) {
  const auto kept = [](const std::string& element) {
    return parse("<plist>" + element + "</plist>", {}, BadScalars::kept_as_text);
  };
  EXPECT_EQ(kept("<data>redacted!</data>").value(), Value("redacted!"));
  EXPECT_EQ(kept("<integer>many</integer>").value(), Value("many"));
  EXPECT_EQ(kept("<real>1,5</real>").value(), Value("1,5"));
  EXPECT_EQ(kept("<date>today</date>").value(), Value("today"));
  EXPECT_EQ(kept("<true>yes</true>").value(), Value("yes"));
  EXPECT_EQ(kept("<data>aGk=</data>").value(), Value(Data{"hi"})) << "good ones stay what they are";
  EXPECT_FALSE(kept("<data>redacted!")) << "but what does not end is refused";
  EXPECT_FALSE(kept("<string>&none;</string>"));
}

TEST(XmlStringTest, BlanksAndLineBreaksAreKept) {
  EXPECT_EQ(accepted_xml("<string> a\n\tb </string>"), Value(" a\n\tb "));
  EXPECT_EQ(accepted_xml("<string></string>"), Value(""));
  EXPECT_EQ(accepted_xml("<string/>"), Value(""));
}

TEST(XmlStringTest, EveryLineBreakBecomesALineFeed) {
  EXPECT_EQ(accepted_xml("<string>a\r\nb\rc\r\r\nd</string>"), Value("a\nb\nc\n\nd"));
  EXPECT_EQ(accepted_xml("<string><![CDATA[a\r\nb\rc]]></string>"), Value("a\nb\nc"));
  EXPECT_EQ(accepted_xml("<string>a&#13;b</string>"), Value("a\rb"));
}

TEST(XmlStringTest, TheFiveEntitiesAndNumericReferencesAreResolved) {
  EXPECT_EQ(accepted_xml("<string>&amp;&lt;&gt;&quot;&apos;</string>"), Value("&<>\"'"));
  EXPECT_EQ(accepted_xml("<string>&#65;&#x42;&#x20ac;&#x1F525;</string>"),
            Value("AB\xe2\x82\xac\xf0\x9f\x94\xa5"));
  EXPECT_EQ(accepted_xml("<string>&amp;lt;</string>"), Value("&lt;"));
}

TEST(XmlStringTest, OtherReferencesAreRefused) {
  for (const char* text :
       {"&nbsp;", "&xxe;", "&", "& ", "&;", "&#;", "&#x;", "&#xg;", "&#-1;", "&#0;", "&#xD800;",
        "&#xDFFF;", "&#x110000;", "&#99999999999;", "&amp", "&AMP;", "&#00000000000000000065;"}) {
    EXPECT_THAT(refused_xml("<string>" + std::string(text) + "</string>"),
                HasSubstr("an unknown reference after '&'"))
        << text;
  }
}

TEST(XmlStringTest, CdataIsTakenAsItIs) {
  EXPECT_EQ(accepted_xml("<string>a<![CDATA[<b> & ]] ]>]]>c</string>"), Value("a<b> & ]] ]>c"));
  EXPECT_EQ(accepted_xml("<string><![CDATA[]]></string>"), Value(""));
  EXPECT_THAT(refused_xml("<string><![CDATA[a</string>"), HasSubstr("does not end"));
}

TEST(XmlStringTest, CommentsAreLeftOut) {
  EXPECT_EQ(accepted_xml("<string>a<!-- <b> & -->c<!----></string>"), Value("ac"));
  EXPECT_THAT(refused_xml("<string>a<!-- b</string>"), HasSubstr("does not end"));
}

TEST(XmlStringTest, CharactersOfAllLengthsAreKept) {
  const std::string text = "Kid\xe2\x80\x99s \xc3\xa9 \xf0\x9f\x98\xb0";
  EXPECT_EQ(accepted_xml("<string>" + text + "</string>"), Value(text));
}

TEST(XmlStringTest, ElementsInsideAreRefused) {
  EXPECT_THAT(refused_xml("<string>a<b/></string>"), HasSubstr("an element inside text"));
  EXPECT_THAT(refused_xml("<string>a<?b?></string>"), HasSubstr("an element inside text"));
}

}  // namespace
}  // namespace reveille::plist
