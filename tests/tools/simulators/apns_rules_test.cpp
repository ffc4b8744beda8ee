#include "tools/simulators/apns/rules.h"

#include <gtest/gtest.h>

namespace reveille::simulators::apns {
namespace {

using reveille::apns::Reason;

constexpr char topic[] = "com.apple.mgmt.External.0b1d9a52-4a0b-4a53-9a3e-6a2f1c0d7e11";

// A request as its parts, so that each can be taken away.
struct Request {
  PushHead head{.method = "POST",
                .scheme = "https",
                .authority = "api.push.apple.com",
                .path = "/3/device/00ff10",
                .topic = topic,
                .push_type = "mdm",
                .priority = "10",
                .expiration = "1893456000",
                .id = "6f1c0d7e-4a0b-4a53-9a3e-0b1d9a52aa11",
                .collapse_id = std::nullopt,
                .authorization = std::nullopt,
                .content_length = {},
                .repeated = {}};
  Bytes body = R"({"mdm":"4C8B6A0E-1F2D"})";
};

Push decided(const Request& request, const std::optional<std::string>& certificate_topic = topic,
             const TokenDirectory& tokens = TokenDirectory(),
             Strictness strictness = Strictness::apples) {
  Push push;
  check_head(request.head, certificate_topic, strictness, push);
  push.body_too_large = request.body.size() > 4096;
  push.body = request.body;
  check_body(strictness, tokens, push);
  return push;
}

TEST(ApnsRules, AProviderThatFollowsTheRulesIsAcceptedAndItsPushUnderstood) {
  const Push push = decided(Request(), topic, TokenDirectory(), Strictness::all);
  std::string storage;

  EXPECT_EQ(push.reason, Reason::none);
  EXPECT_EQ(push.broken_rule, "");
  EXPECT_EQ(push.token, "00ff10");
  EXPECT_EQ(push.id, "6f1c0d7e-4a0b-4a53-9a3e-0b1d9a52aa11");
  EXPECT_EQ(magic_of(push.body, storage), "4C8B6A0E-1F2D");
}

TEST(ApnsRules, AMagicThatNeedsEscapesIsReadToo) {
  std::string storage;
  EXPECT_EQ(magic_of(R"({"mdm":"a\"b\u00e9"})", storage), "a\"b\xc3\xa9");
  EXPECT_EQ(magic_of(R"({"mdm":7})", storage), std::nullopt);
}

struct BrokenRule {
  const char* what;
  void (*breaks)(Request&);
  Reason reason;
};

class ApnsRulesBroken : public testing::TestWithParam<BrokenRule> {};

TEST_P(ApnsRulesBroken, IsAnsweredWithApplesReasonAndCounted) {
  Request request;
  GetParam().breaks(request);

  const Push push = decided(request);

  EXPECT_EQ(push.reason, GetParam().reason);
  EXPECT_NE(push.broken_rule, "");
}

INSTANTIATE_TEST_SUITE_P(
    EachRule, ApnsRulesBroken,
    testing::Values(
        BrokenRule{"Method", [](Request& r) { r.head.method = "PUT"; }, Reason::method_not_allowed},
        BrokenRule{"NoMethod", [](Request& r) { r.head.method.reset(); },
                   Reason::method_not_allowed},
        BrokenRule{"Path", [](Request& r) { r.head.path = "/2/device/00"; }, Reason::bad_path},
        BrokenRule{"NoPath", [](Request& r) { r.head.path.reset(); }, Reason::bad_path},
        BrokenRule{"NoToken", [](Request& r) { r.head.path = "/3/device/"; },
                   Reason::missing_device_token},
        BrokenRule{"UpperCaseToken", [](Request& r) { r.head.path = "/3/device/00FF"; },
                   Reason::bad_device_token},
        BrokenRule{"OddToken", [](Request& r) { r.head.path = "/3/device/00f"; },
                   Reason::bad_device_token},
        BrokenRule{"NoTopic", [](Request& r) { r.head.topic.reset(); }, Reason::missing_topic},
        BrokenRule{"OtherTopic", [](Request& r) { r.head.topic = "com.apple.mgmt.Other"; },
                   Reason::topic_disallowed},
        BrokenRule{"NoPushType", [](Request& r) { r.head.push_type.reset(); },
                   Reason::invalid_push_type},
        BrokenRule{"AlertPushType", [](Request& r) { r.head.push_type = "alert"; },
                   Reason::invalid_push_type},
        BrokenRule{"Priority", [](Request& r) { r.head.priority = "5"; }, Reason::bad_priority},
        BrokenRule{"NoExpiration", [](Request& r) { r.head.expiration.reset(); },
                   Reason::bad_expiration_date},
        BrokenRule{"ExpirationText", [](Request& r) { r.head.expiration = "soon"; },
                   Reason::bad_expiration_date},
        BrokenRule{"Id", [](Request& r) { r.head.id = "1"; }, Reason::bad_message_id},
        BrokenRule{"UpperCaseId",
                   [](Request& r) { r.head.id = "6F1C0D7E-4a0b-4a53-9a3e-0b1d9a52aa11"; },
                   Reason::bad_message_id},
        BrokenRule{"Collapse",
                   [](Request& r) {
                     static const std::string long_id(65, 'x');
                     r.head.collapse_id = long_id;
                   },
                   Reason::bad_collapse_id},
        BrokenRule{"Twice", [](Request& r) { r.head.repeated = "apns-topic"; },
                   Reason::duplicate_headers},
        BrokenRule{"EmptyBody", [](Request& r) { r.body.clear(); }, Reason::payload_empty},
        BrokenRule{"NoJson", [](Request& r) { r.body = "{"; }, Reason::payload_empty},
        BrokenRule{"ApsKey", [](Request& r) { r.body = R"({"mdm":"x","aps":{}})"; },
                   Reason::payload_empty},
        BrokenRule{"LargeBody", [](Request& r) { r.body.assign(4097, 'x'); },
                   Reason::payload_too_large}),
    [](const auto& param) { return std::string(param.param.what); });

struct Forgiven {
  const char* what;
  void (*breaks)(Request&);
};

class ApnsRulesForgiven : public testing::TestWithParam<Forgiven> {};

TEST_P(ApnsRulesForgiven, IsAcceptedAndOnlyCountedWhenStrict) {
  Request request;
  GetParam().breaks(request);

  EXPECT_EQ(decided(request).broken_rule, "");
  const Push strict = decided(request, topic, TokenDirectory(), Strictness::all);
  EXPECT_EQ(strict.reason, Reason::none);
  EXPECT_NE(strict.broken_rule, "");
}

INSTANTIATE_TEST_SUITE_P(
    EachRule, ApnsRulesForgiven,
    testing::Values(Forgiven{"NoId", [](Request& r) { r.head.id.reset(); }},
                    Forgiven{"PlainHttp", [](Request& r) { r.head.scheme = "http"; }},
                    Forgiven{"NoAuthority", [](Request& r) { r.head.authority.reset(); }},
                    Forgiven{"Blanks", [](Request& r) { r.body = R"({"mdm": "x"})"; }}),
    [](const auto& param) { return std::string(param.param.what); });

TEST(ApnsRules, WithoutAClientCertificateNothingIsAccepted) {
  EXPECT_EQ(decided(Request(), std::nullopt).reason, Reason::missing_provider_token);
}

TEST(ApnsRules, OnceADeviceHasSpokenOnlyKnownTokensAreGood) {
  TokenDirectory tokens;
  tokens.add("aabb");

  EXPECT_EQ(decided(Request(), topic, tokens).reason, Reason::bad_device_token);
  tokens.add("00ff10");
  EXPECT_EQ(decided(Request(), topic, tokens).reason, Reason::none);
}

TEST(ApnsRules, ADeviceThatIsGoneIsUnregisteredSinceThen) {
  TokenDirectory tokens;
  tokens.add("00ff10");
  tokens.remove("00ff10", 1'700'000'000'000);

  const Push push = decided(Request(), topic, tokens);

  EXPECT_EQ(push.reason, Reason::unregistered);
  EXPECT_EQ(push.unregistered_at_milliseconds, 1'700'000'000'000);
  EXPECT_EQ(push.broken_rule, "");
}

}  // namespace
}  // namespace reveille::simulators::apns
