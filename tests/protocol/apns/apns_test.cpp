#include <gtest/gtest.h>

#include "protocol/apns/notification.h"
#include "protocol/apns/reason.h"
#include "protocol/apns/response.h"

namespace reveille::apns {
namespace {

using std::chrono::milliseconds;

struct Row {
  const char* name;
  int status;
  Reason reason;
  Verdict verdict;
};

// Apple's table of reasons, and what each means for a wake.
constexpr Row rows[] = {
    {"BadCollapseId", 400, Reason::bad_collapse_id, Verdict::our_defect},
    {"BadDeviceToken", 400, Reason::bad_device_token, Verdict::token_unusable},
    {"BadExpirationDate", 400, Reason::bad_expiration_date, Verdict::our_defect},
    {"BadMessageId", 400, Reason::bad_message_id, Verdict::our_defect},
    {"BadPriority", 400, Reason::bad_priority, Verdict::our_defect},
    {"BadTopic", 400, Reason::bad_topic, Verdict::topic_refused},
    {"DeviceTokenNotForTopic", 400, Reason::device_token_not_for_topic, Verdict::token_unusable},
    {"DuplicateHeaders", 400, Reason::duplicate_headers, Verdict::our_defect},
    {"IdleTimeout", 400, Reason::idle_timeout, Verdict::retry},
    {"InvalidPushType", 400, Reason::invalid_push_type, Verdict::our_defect},
    {"MissingDeviceToken", 400, Reason::missing_device_token, Verdict::our_defect},
    {"MissingTopic", 400, Reason::missing_topic, Verdict::topic_refused},
    {"PayloadEmpty", 400, Reason::payload_empty, Verdict::our_defect},
    {"TopicDisallowed", 400, Reason::topic_disallowed, Verdict::topic_refused},
    {"BadCertificate", 403, Reason::bad_certificate, Verdict::topic_refused},
    {"BadCertificateEnvironment", 403, Reason::bad_certificate_environment, Verdict::topic_refused},
    {"ExpiredProviderToken", 403, Reason::expired_provider_token, Verdict::topic_refused},
    {"Forbidden", 403, Reason::forbidden, Verdict::topic_refused},
    {"InvalidProviderToken", 403, Reason::invalid_provider_token, Verdict::topic_refused},
    {"MissingProviderToken", 403, Reason::missing_provider_token, Verdict::topic_refused},
    {"UnrelatedKeyIdInToken", 403, Reason::unrelated_key_id_in_token, Verdict::topic_refused},
    {"BadPath", 404, Reason::bad_path, Verdict::our_defect},
    {"MethodNotAllowed", 405, Reason::method_not_allowed, Verdict::our_defect},
    {"ExpiredToken", 410, Reason::expired_token, Verdict::token_dead},
    {"Unregistered", 410, Reason::unregistered, Verdict::token_dead},
    {"PayloadTooLarge", 413, Reason::payload_too_large, Verdict::our_defect},
    {"TooManyProviderTokenUpdates", 429, Reason::too_many_provider_token_updates,
     Verdict::our_defect},
    {"TooManyRequests", 429, Reason::too_many_requests, Verdict::token_busy},
    {"InternalServerError", 500, Reason::internal_server_error, Verdict::retry},
    {"ServiceUnavailable", 503, Reason::service_unavailable, Verdict::retry},
    {"Shutdown", 503, Reason::shutdown, Verdict::retry},
};

std::string body_of(std::string_view reason) {
  return R"({"reason":")" + std::string(reason) + R"("})";
}

class ReasonTest : public testing::TestWithParam<Row> {};

TEST_P(ReasonTest, HasOneNameOneStatusAndOneVerdict) {
  const Row& row = GetParam();

  EXPECT_EQ(parse_reason(row.name), row.reason);
  EXPECT_STREQ(name_of(row.reason), row.name);
  EXPECT_EQ(status_of(row.reason), row.status);
  const Response response = parse_response(row.status, "id", body_of(row.name));
  EXPECT_EQ(response.reason, row.reason);
  EXPECT_EQ(response.reason_text, row.name);
  EXPECT_EQ(judge(response), row.verdict);
}

INSTANTIATE_TEST_SUITE_P(Apple, ReasonTest, testing::ValuesIn(rows),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(ReasonListTest, EveryReasonIsInTheTable) {
  EXPECT_EQ(std::size(rows), static_cast<std::size_t>(Reason::unknown) - 1);
}

TEST(ReasonListTest, NoneAndUnknownAreNoNamesOfApples) {
  EXPECT_EQ(parse_reason(""), Reason::none);
  EXPECT_EQ(parse_reason("badpriority"), Reason::unknown);
  EXPECT_EQ(parse_reason("unknown"), Reason::unknown);
  EXPECT_STREQ(name_of(Reason::none), "");
  EXPECT_EQ(status_of(Reason::none), 200);
}

TEST(ApnsResponseTest, A200IsAccepted) {
  const Response response = parse_response(200, "5D4E0A1C-7B1B-4F0E-9E0B-2B6A2E0C7A11", "");

  EXPECT_EQ(judge(response), Verdict::accepted);
  EXPECT_EQ(response.reason, Reason::none);
  EXPECT_EQ(response.apns_id.text(), "5D4E0A1C-7B1B-4F0E-9E0B-2B6A2E0C7A11");
}

TEST(ApnsResponseTest, A410CarriesWhenTheTokenEnded) {
  const Response response =
      parse_response(410, "", R"({"reason":"Unregistered","timestamp":1700000000123})");

  ASSERT_TRUE(response.unregistered_at.has_value());
  EXPECT_EQ(response.unregistered_at->time_since_epoch(), milliseconds(1'700'000'000'123));
}

TEST(ApnsResponseTest, ATimestampThatIsNoTimeInMillisecondsIsDropped) {
  for (const char* timestamp : {"\"1700000000123\"", "1700000000", "0", "-1", "1.7e12",
                                "18446744073709551615", "1e400", "null", "[1700000000123]"}) {
    const Response response = parse_response(
        410, "", std::string(R"({"reason":"Unregistered","timestamp":)") + timestamp + "}");

    EXPECT_EQ(response.unregistered_at, std::nullopt) << timestamp;
    EXPECT_EQ(judge(response), Verdict::token_dead) << timestamp;
  }
}

TEST(ApnsResponseTest, ATimestampMeansNothingWithAnotherStatus) {
  const Response response =
      parse_response(400, "", R"({"reason":"BadDeviceToken","timestamp":1700000000123})");

  EXPECT_EQ(response.unregistered_at, std::nullopt);
}

TEST(ApnsResponseTest, TheStatusDecidesOverAReasonThatContradictsIt) {
  EXPECT_EQ(judge(parse_response(410, "", body_of("BadDeviceToken"))), Verdict::token_dead);
  EXPECT_EQ(judge(parse_response(503, "", body_of("BadDeviceToken"))), Verdict::retry);
  EXPECT_EQ(judge(parse_response(200, "", body_of("Unregistered"))), Verdict::accepted);
  EXPECT_EQ(judge(parse_response(400, "", body_of("Unregistered"))), Verdict::token_unusable);
}

TEST(ApnsResponseTest, TheClassOfTheStatusDecidesWhereNoReasonIsKnown) {
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  const std::string deep_member =
      R"({"reason":)" + std::string(100, '[') + std::string(100, ']') + "}";
  const std::string large = body_of(std::string(20'000, 'x'));
  for (const std::string& body :
       {std::string(), std::string("<html>Bad Gateway</html>"), std::string(R"("Unregistered")"),
        std::string(R"({"reason":5})"), std::string(R"({"reason":"Unreg)"), std::string("{}"),
        std::string("\xff\xfe\0", 3), body_of("NewInTwentyThirty"), body_of("\xff"), deep,
        deep_member, large}) {
    const auto verdict = [&](int status) { return judge(parse_response(status, "", body)); };
    EXPECT_EQ(verdict(200), Verdict::accepted) << body.substr(0, 40);
    EXPECT_EQ(verdict(400), Verdict::our_defect) << body.substr(0, 40);
    EXPECT_EQ(verdict(403), Verdict::topic_refused) << body.substr(0, 40);
    EXPECT_EQ(verdict(410), Verdict::token_dead) << body.substr(0, 40);
    EXPECT_EQ(verdict(418), Verdict::our_defect) << body.substr(0, 40);
    EXPECT_EQ(verdict(429), Verdict::token_busy) << body.substr(0, 40);
    EXPECT_EQ(verdict(502), Verdict::retry) << body.substr(0, 40);
    EXPECT_EQ(verdict(0), Verdict::retry) << body.substr(0, 40);
  }
}

TEST(ApnsResponseTest, AnUnknownReasonIsKeptAsItCameWithinABound) {
  const Response response = parse_response(400, "", body_of(std::string(1000, 'x')));

  EXPECT_EQ(response.reason, Reason::unknown);
  EXPECT_EQ(response.reason_text, std::string(256, 'x'));
}

TEST(ApnsResponseTest, EveryVerdictHasAName) {
  EXPECT_STREQ(name_of(Verdict::accepted), "accepted");
  EXPECT_STREQ(name_of(Verdict::our_defect), "our_defect");
}

TEST(ApnsNotificationTest, ThePathIsTheTokenInLowerCaseHexadecimal) {
  EXPECT_EQ(path_of({"\x01\xAB\xff"}), "/3/device/01abff");
}

TEST(ApnsNotificationTest, ThePayloadHoldsTheMagicAndNothingElse) {
  EXPECT_EQ(payload_of({"00000000-1111-2222-3333-444455556666"}),
            R"({"mdm":"00000000-1111-2222-3333-444455556666"})");
}

TEST(ApnsNotificationTest, TheMagicIsEscapedAsJson) {
  EXPECT_EQ(payload_of({"a\"b\\c\n\x01\xc3\xa9"}), "{\"mdm\":\"a\\\"b\\\\c\\n\\u0001\xc3\xa9\"}");
}

}  // namespace
}  // namespace reveille::apns
