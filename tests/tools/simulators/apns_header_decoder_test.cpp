#include "tools/simulators/apns/wire/header_decoder.h"

#include <gtest/gtest.h>

#include <utility>

#include "tools/simulators/apns/wire/huffman.h"
#include "tools/simulators/apns/wire/representation_rules.h"

namespace reveille::simulators::apns::wire {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs decoded(HeaderDecoder& decoder, std::string_view hex) {
  const std::optional<Bytes> block = from_hex(hex);
  std::vector<HeaderField> fields;
  const char* wrong = block ? decoder.decode(*block, fields) : "no hexadecimal in the test";
  if (wrong != nullptr) return {{"wrong", wrong}};
  Pairs pairs;
  for (const HeaderField& field : fields) {
    pairs.emplace_back(std::string(field.name), std::string(field.value));
  }
  return pairs;
}

std::string refusal(std::string_view hex) {
  HeaderDecoder decoder;
  const Pairs pairs = decoded(decoder, hex);
  return !pairs.empty() && pairs.front().first == "wrong" ? pairs.front().second : "accepted";
}

// RFC 7541 appendix C.4: three requests on one connection, Huffman-coded.
TEST(HeaderDecoder, ReadsTheExamplesOfTheRfc) {
  HeaderDecoder decoder;
  EXPECT_EQ(decoded(decoder, "828684418cf1e3c2e5f23a6ba0ab90f4ff"),
            (Pairs{{":method", "GET"},
                   {":scheme", "http"},
                   {":path", "/"},
                   {":authority", "www.example.com"}}));
  EXPECT_EQ(decoder.table_bytes(), 57u);
  EXPECT_EQ(decoded(decoder, "828684be5886a8eb10649cbf"), (Pairs{{":method", "GET"},
                                                                 {":scheme", "http"},
                                                                 {":path", "/"},
                                                                 {":authority", "www.example.com"},
                                                                 {"cache-control", "no-cache"}}));
  EXPECT_EQ(decoder.table_bytes(), 110u);
  EXPECT_EQ(decoded(decoder, "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"),
            (Pairs{{":method", "GET"},
                   {":scheme", "https"},
                   {":path", "/index.html"},
                   {":authority", "www.example.com"},
                   {"custom-key", "custom-value"}}));
  EXPECT_EQ(decoder.table_bytes(), 164u);
}

// Appendix C.2: each representation, without Huffman code.
TEST(HeaderDecoder, TellsHowAFieldWasWritten) {
  const auto representation = [](std::string_view hex) {
    HeaderDecoder decoder;
    std::vector<HeaderField> fields;
    const Bytes block = *from_hex(hex);
    EXPECT_EQ(decoder.decode(block, fields), nullptr) << hex;
    return fields.at(0).representation;
  };
  EXPECT_EQ(representation("400a637573746f6d2d6b65790d637573746f6d2d686561646572"),
            Representation::with_indexing);
  EXPECT_EQ(representation("040c2f73616d706c652f70617468"), Representation::without_indexing);
  EXPECT_EQ(representation("100870617373776f726406736563726574"), Representation::never_indexed);
  EXPECT_EQ(representation("82"), Representation::indexed);
}

TEST(HeaderDecoder, ForgetsTheOldestWhenItsTableIsFull) {
  HeaderDecoder decoder;
  // 3f 21: a table of 64 bytes; two entries of 34 bytes do not fit.
  EXPECT_EQ(decoded(decoder, "3f21400161013140016201324001630133").size(), 3u);
  EXPECT_EQ(decoder.table_bytes(), 34u);
  EXPECT_EQ(decoded(decoder, "be"), (Pairs{{"c", "3"}}));
  EXPECT_EQ(decoded(decoder, "bf").front().first, "wrong");
}

TEST(HeaderDecoder, AnEntryLargerThanTheTableEmptiesIt) {
  HeaderDecoder decoder;
  EXPECT_EQ(decoded(decoder, "3f214001610131"), (Pairs{{"a", "1"}}));
  EXPECT_EQ(decoder.table_bytes(), 34u);
  std::string large = "400362626221";
  for (int i = 0; i < 33; ++i) large += "32";
  EXPECT_EQ(decoded(decoder, large), (Pairs{{"bbb", std::string(33, '2')}}));
  EXPECT_EQ(decoder.table_bytes(), 0u);
  EXPECT_EQ(decoded(decoder, "be").front().first, "wrong");
}

TEST(HeaderDecoder, WhatBreaksTheFormatIsRefused) {
  EXPECT_EQ(refusal("80"), "a header's index is zero");
  EXPECT_EQ(refusal("be"), "a header's index is outside the table");
  EXPECT_EQ(refusal("ffffffffff0f"), "a header's index is cut short");
  EXPECT_EQ(refusal("ff"), "a header's index is cut short");
  EXPECT_EQ(refusal("400161"), "a header's value is cut short or wrongly coded");
  EXPECT_EQ(refusal("4005"), "a header's name is cut short or wrongly coded");
  EXPECT_EQ(refusal("8220"), "a table size update stands within a header block");
  EXPECT_EQ(refusal("3fe21f"), "a table size update is larger than allowed");
  std::string many;
  for (int i = 0; i < 101; ++i) many += "82";
  EXPECT_EQ(refusal(many), "a header block has more than 100 headers");
}

std::optional<std::string> huffman(std::string_view hex) {
  const Bytes code = *from_hex(hex);
  std::string text(huffman_bytes_max(code.size()), '\0');
  const char* end = decode_huffman(code, text.data());
  if (end == nullptr) return std::nullopt;
  text.resize(static_cast<std::size_t>(end - text.data()));
  return text;
}

TEST(Huffman, ReadsShortAndLongCodes) {
  EXPECT_EQ(huffman(""), "");
  EXPECT_EQ(huffman("f1e3c2e5f23a6ba0ab90f4ff"), "www.example.com");
  // Appendix C.6.3: a cookie with '=', ';' and upper case, codes of six to eight bits and more.
  EXPECT_EQ(
      huffman("94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5"
              "b1063d5007"),
      "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1");
  EXPECT_EQ(huffman("fffffff0ff"), "\no") << "thirty bits, then five";
  EXPECT_EQ(huffman("ffffffff"), std::nullopt) << "EOS is not allowed";
  EXPECT_EQ(huffman("ffffeaff"), std::nullopt) << "a byte of padding";
  EXPECT_EQ(huffman("ffc7"), std::string(1, '\0')) << "thirteen bits, three of padding";
}

TEST(Huffman, PaddingIsOnesAndLessThanAByte) {
  EXPECT_EQ(huffman("1f"), "a");
  EXPECT_EQ(huffman("1fff"), std::nullopt);
  EXPECT_EQ(huffman("18"), std::nullopt);
}

HeaderField field(Field name, Representation how) {
  return {.name = "", .value = "", .field = name, .representation = how};
}

TEST(RepresentationRules, AsAppleAsksIsWell) {
  RepresentationRules rules;
  for (int push = 0; push < 3; ++push) {
    const auto once = push == 0 ? Representation::with_indexing : Representation::indexed;
    const auto later = push == 0 ? Representation::with_indexing : Representation::never_indexed;
    EXPECT_EQ(rules.check(field(Field::method, Representation::indexed)), "");
    EXPECT_EQ(rules.check(field(Field::topic, once)), "");
    EXPECT_EQ(rules.check(field(Field::path, Representation::never_indexed)), "");
    EXPECT_EQ(rules.check(field(Field::id, later)), "");
    EXPECT_EQ(rules.check(field(Field::expiration, later)), "");
  }
}

TEST(RepresentationRules, EachCarelessWayIsNamed) {
  const auto twice = [](Field name, Representation first, Representation second) {
    RepresentationRules rules;
    EXPECT_EQ(rules.check(field(name, first)), "");
    return rules.check(field(name, second));
  };
  using enum Representation;
  EXPECT_NE(RepresentationRules().check(field(Field::path, with_indexing)), "");
  EXPECT_NE(RepresentationRules().check(field(Field::path, indexed)), "");
  EXPECT_NE(RepresentationRules().check(field(Field::topic, without_indexing)), "");
  EXPECT_NE(RepresentationRules().check(field(Field::authorization, never_indexed)), "");
  EXPECT_NE(RepresentationRules().check(field(Field::other, with_indexing)), "");
  EXPECT_NE(twice(Field::topic, with_indexing, with_indexing), "");
  EXPECT_NE(twice(Field::id, with_indexing, with_indexing), "");
  EXPECT_NE(twice(Field::expiration, with_indexing, with_indexing), "");
  EXPECT_NE(twice(Field::collapse_id, with_indexing, with_indexing), "");
}

}  // namespace
}  // namespace reveille::simulators::apns::wire
