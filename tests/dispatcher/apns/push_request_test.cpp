#include "dispatcher/apns/push_request.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/protocol/http/frames.h"
#include "tests/protocol/http/sessions.h"

namespace reveille::apns::test {
namespace {

using http::test::data_frame;
using http::test::empty_settings;
using http::test::frames_of;
using http::test::headers_frame;

Notification notification(char fill, const std::string& magic) {
  return {.push_token = {std::string(32, fill)},
          .push_magic = {magic},
          .expiration = std::chrono::sys_seconds(std::chrono::seconds(1'800'000'000))};
}

class PushRequestTest : public testing::Test {
 protected:
  std::string block_of(const Notification& push, std::uint64_t number) {
    request.prepare(push, number);
    client.session.submit(next_tag++, request.headers(), request.payload());
    return frames_of(client.produced(), headers_frame).at(0).payload;
  }

  PushRequest request{"api.push.apple.com", "com.apple.mgmt.External.0",
                      "01234567-89ab-4def-8123-"};
  http::test::Client client;
  std::uint64_t next_tag = 1;
};

TEST_F(PushRequestTest, TheNumberEndsTheApnsId) {
  request.prepare(notification('a', "m"), 0xabc);

  std::map<std::string_view, std::string_view> headers;
  for (const auto& header : request.headers()) headers[header.name] = header.value;
  EXPECT_EQ(headers["apns-id"], "01234567-89ab-4def-8123-000000000abc");
  EXPECT_EQ(headers["apns-expiration"], "1800000000");
  std::string token_digits;
  for (int i = 0; i < 32; ++i) token_digits += "61";
  EXPECT_EQ(headers[":path"], "/3/device/" + token_digits);
  EXPECT_EQ(headers.size(), 8u);
}

TEST_F(PushRequestTest, TheMagicIsEscapedAsJson) {
  request.prepare(notification('a', "a\"\\\n\x01"), 1);

  EXPECT_EQ(request.payload(), R"({"mdm":"a\"\\\n\u0001"})");
}

TEST_F(PushRequestTest, AnExpirationEntersTheTableTheFirstTimeAloneAlsoWhenALaterOneRepeats) {
  ASSERT_TRUE(client.session.receive(empty_settings()).has_value());
  client.produced();
  const auto block_with = [&](int seconds) {
    Notification push = notification('a', "m");
    push.expiration += std::chrono::seconds(seconds);
    return block_of(push, 1);
  };
  block_with(0);
  const std::string second = block_with(0);
  const std::string other = block_with(1);
  EXPECT_GT(other.size(), second.size() + 6) << "the first one's is an index";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(block_with(1), other) << "it does not enter the table";
  // Each different: were they indexed, they would drive the constants out of the 4,096 bytes.
  for (int seconds = 2; seconds < 202; ++seconds) {
    EXPECT_EQ(block_with(seconds).size(), other.size());
  }
  EXPECT_EQ(block_with(0), second);
}

TEST_F(PushRequestTest, ConstantsAreIndexedOnceAndThePathNever) {
  ASSERT_TRUE(client.session.receive(empty_settings()).has_value());
  client.produced();

  const std::string first = block_of(notification('a', "m"), 1);
  const std::string second = block_of(notification('b', "m"), 2);
  const std::string third = block_of(notification('b', "m"), 2);

  constexpr char indexed = '\x80';
  // :method, :scheme, :authority: whole entries of the tables, one byte each.
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE((second[i] & indexed) != 0) << i;
  constexpr char path_never_indexed = 0x14;
  EXPECT_EQ(second[3], path_never_indexed);
  EXPECT_GT(first.size(), second.size() + 40) << "topic and push type were literals once";
  EXPECT_EQ(second, third) << "nothing enters the table any more";
}

}  // namespace
}  // namespace reveille::apns::test
