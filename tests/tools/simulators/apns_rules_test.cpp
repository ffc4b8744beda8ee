#include "tools/simulators/apns/rules.h"

#include <gtest/gtest.h>

namespace reveille::simulators::apns {
namespace {

using reveille::apns::Reason;

constexpr char topic[] = "com.apple.mgmt.External.0b1d9a52-4a0b-4a53-9a3e-6a2f1c0d7e11";

http::Request good_push() {
  http::Request request;
  request.method = "POST";
  request.target = "/3/device/00ff10";
  request.headers = {{"apns-topic", topic},
                     {"apns-push-type", "mdm"},
                     {"apns-priority", "10"},
                     {"apns-expiration", "1893456000"},
                     {"apns-id", "6f1c0d7e-4a0b-4a53-9a3e-0b1d9a52aa11"}};
  request.body = R"({"mdm":"4C8B6A0E-1F2D"})";
  return request;
}

void set_header(http::Request& request, const std::string& name, const std::string& value) {
  for (http::Header& header : request.headers) {
    if (header.name == name) header.value = value;
  }
}

void drop_header(http::Request& request, const std::string& name) {
  std::erase_if(request.headers, [&](const http::Header& header) { return header.name == name; });
}

Decision decided(const http::Request& request) { return decide(request, topic, TokenDirectory()); }

TEST(ApnsRules, AProviderThatFollowsTheRulesIsAcceptedAndItsPushUnderstood) {
  const Decision decision = decided(good_push());

  EXPECT_EQ(decision.reason, Reason::none);
  EXPECT_EQ(decision.broken_rule, "");
  EXPECT_EQ(decision.push.token_hex, "00ff10");
  EXPECT_EQ(decision.push.push_magic, "4C8B6A0E-1F2D");
}

struct BrokenRule {
  const char* what;
  void (*breaks)(http::Request&);
  Reason reason;
};

class ApnsRulesBroken : public testing::TestWithParam<BrokenRule> {};

TEST_P(ApnsRulesBroken, IsAnsweredWithApplesReasonAndCounted) {
  http::Request request = good_push();
  GetParam().breaks(request);

  const Decision decision = decided(request);

  EXPECT_EQ(decision.reason, GetParam().reason);
  EXPECT_NE(decision.broken_rule, "");
}

INSTANTIATE_TEST_SUITE_P(
    EachRule, ApnsRulesBroken,
    testing::Values(
        BrokenRule{"Method", [](http::Request& r) { r.method = "PUT"; },
                   Reason::method_not_allowed},
        BrokenRule{"Path", [](http::Request& r) { r.target = "/2/device/00"; }, Reason::bad_path},
        BrokenRule{"NoToken", [](http::Request& r) { r.target = "/3/device/"; },
                   Reason::missing_device_token},
        BrokenRule{"UpperCaseToken", [](http::Request& r) { r.target = "/3/device/00FF"; },
                   Reason::bad_device_token},
        BrokenRule{"OddToken", [](http::Request& r) { r.target = "/3/device/00f"; },
                   Reason::bad_device_token},
        BrokenRule{"NoTopic", [](http::Request& r) { drop_header(r, "apns-topic"); },
                   Reason::missing_topic},
        BrokenRule{"OtherTopic",
                   [](http::Request& r) { set_header(r, "apns-topic", "com.apple.mgmt.Other"); },
                   Reason::topic_disallowed},
        BrokenRule{"NoPushType", [](http::Request& r) { drop_header(r, "apns-push-type"); },
                   Reason::invalid_push_type},
        BrokenRule{"AlertPushType",
                   [](http::Request& r) { set_header(r, "apns-push-type", "alert"); },
                   Reason::invalid_push_type},
        BrokenRule{"Priority", [](http::Request& r) { set_header(r, "apns-priority", "5"); },
                   Reason::bad_priority},
        BrokenRule{"NoExpiration", [](http::Request& r) { drop_header(r, "apns-expiration"); },
                   Reason::bad_expiration_date},
        BrokenRule{"ExpirationText",
                   [](http::Request& r) { set_header(r, "apns-expiration", "soon"); },
                   Reason::bad_expiration_date},
        BrokenRule{"Id", [](http::Request& r) { set_header(r, "apns-id", "1"); },
                   Reason::bad_message_id},
        BrokenRule{"Twice", [](http::Request& r) { r.headers.push_back({"apns-topic", topic}); },
                   Reason::duplicate_headers},
        BrokenRule{"EmptyBody", [](http::Request& r) { r.body.clear(); }, Reason::payload_empty},
        BrokenRule{"ApsKey", [](http::Request& r) { r.body = R"({"mdm":"x","aps":{}})"; },
                   Reason::payload_empty},
        BrokenRule{"LargeBody", [](http::Request& r) { r.body.assign(4097, 'x'); },
                   Reason::payload_too_large}),
    [](const auto& param) { return std::string(param.param.what); });

TEST(ApnsRules, WithoutAClientCertificateNothingIsAccepted) {
  EXPECT_EQ(decide(good_push(), std::nullopt, TokenDirectory()).reason,
            Reason::missing_provider_token);
}

TEST(ApnsRules, OnceADeviceHasSpokenOnlyKnownTokensAreGood) {
  TokenDirectory tokens;
  tokens.add("aabb");

  EXPECT_EQ(decide(good_push(), topic, tokens).reason, Reason::bad_device_token);
  tokens.add("00ff10");
  EXPECT_EQ(decide(good_push(), topic, tokens).reason, Reason::none);
}

TEST(ApnsRules, ADeviceThatIsGoneIsUnregisteredSinceThen) {
  TokenDirectory tokens;
  tokens.add("00ff10");
  tokens.remove("00ff10", 1'700'000'000'000);

  const Decision decision = decide(good_push(), topic, tokens);

  EXPECT_EQ(decision.reason, Reason::unregistered);
  EXPECT_EQ(decision.unregistered_at_milliseconds, 1'700'000'000'000);
  EXPECT_EQ(decision.broken_rule, "");
}

}  // namespace
}  // namespace reveille::simulators::apns
