#include <gmock/gmock.h>

#include "protocol/base/base64.h"
#include "protocol/plist/parse.h"
#include "tests/dispatcher/device/endpoint_fixture.h"

// The rows of protocol.md section 3 that answer with more than an empty body, through the endpoint.
namespace reveille::device {
namespace {

using plist::Data;
using plist::Dictionary;

Dictionary answer_of(const http::Response& response) {
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.header("content-type"), "application/xml");
  return plist::parse_dictionary(response.body).value_or(Dictionary{});
}

class CheckInMessagesTest : public EndpointTest {
 protected:
  http::Response escrow(const TestDevice& device, const Bytes& token) {
    return check_in(device, check_in_message(device.who, "SetBootstrapToken",
                                             {{"BootstrapToken", Data{token}}}));
  }
  Dictionary escrowed(const TestDevice& device) {
    return answer_of(check_in(device, check_in_message(device.who, "GetBootstrapToken")));
  }
  static Dictionary bootstrap_token(const Bytes& token) {
    return {{"BootstrapToken", Data{token}}};
  }
};

// ---- SetBootstrapToken, GetBootstrapToken ----

TEST_F(CheckInMessagesTest, SetBootstrapTokenGetsAnEmpty200AndGetBootstrapTokenWhatWasSet) {
  const TestDevice mac = enrolled_device("MAC");
  EXPECT_EQ(escrowed(mac), bootstrap_token("")) << "none yet: an empty value";

  const http::Response set = escrow(mac, "the token");
  EXPECT_EQ(set.status, 200);
  EXPECT_EQ(set.body, "");

  EXPECT_EQ(escrowed(mac), bootstrap_token("the token"));
  EXPECT_EQ(escrow(mac, "a later one").status, 200);
  EXPECT_EQ(escrowed(mac), bootstrap_token("a later one"));
}

TEST_F(CheckInMessagesTest, SetBootstrapTokenWithoutATokenOrWithAnEmptyOneDeletesIt) {
  const TestDevice mac = enrolled_device("MAC");
  escrow(mac, "the token");
  EXPECT_EQ(check_in(mac, check_in_message(mac.who, "SetBootstrapToken")).status, 200);
  EXPECT_EQ(escrowed(mac), bootstrap_token(""));

  escrow(mac, "the token");
  EXPECT_EQ(escrow(mac, "").status, 200);
  EXPECT_EQ(escrowed(mac), bootstrap_token(""));
}

TEST_F(CheckInMessagesTest, TheBootstrapTokenIsGoneAfterReEnrolment) {
  const TestDevice mac = enrolled_device("MAC");
  escrow(mac, "the token");
  clock_.turn(std::chrono::minutes(5));
  const TestDevice again = enrolled_device("MAC");
  EXPECT_EQ(escrowed(again), bootstrap_token(""));
}

TEST_F(CheckInMessagesTest, AUserNeitherSetsNorGetsTheBootstrapToken) {
  const TestDevice mac = enrolled_device("MAC");
  escrow(mac, "the token");
  const auto user = user_channel("MAC", "USER");
  ASSERT_EQ(check_in(mac, token_update(user)).status, 200);
  EXPECT_EQ(check_in(mac, check_in_message(user, "GetBootstrapToken")).status, 400);
  EXPECT_EQ(check_in(mac, check_in_message(user, "SetBootstrapToken")).status, 400);
  EXPECT_EQ(refused(Refusal::wrong_channel), 2u);
  EXPECT_EQ(escrowed(mac), bootstrap_token("the token"));
}

TEST_F(CheckInMessagesTest, AUserEnrolmentEscrowsNothing) {
  const TestDevice mac = new_device(user_enrolment_channel("ENROLMENT"));
  ASSERT_EQ(check_in(mac, authenticate(mac.who)).status, 200);
  EXPECT_EQ(escrow(mac, "token").status, 400);
  EXPECT_EQ(refused(Refusal::wrong_enrolment), 1u);
  EXPECT_EQ(escrowed(mac), bootstrap_token(""));
}

TEST_F(CheckInMessagesTest, ABootstrapTokenHasALimit) {
  const TestDevice mac = enrolled_device("MAC");
  EXPECT_EQ(escrow(mac, Bytes(bootstrap_token_bytes_max, 't')).status, 200);
  EXPECT_EQ(escrow(mac, Bytes(bootstrap_token_bytes_max + 1, 'u')).status, 400);
  EXPECT_EQ(escrowed(mac), bootstrap_token(Bytes(bootstrap_token_bytes_max, 't')));
}

TEST_F(CheckInMessagesTest, NoAnswerToGetBootstrapTokenAfterTheEnd) {
  const TestDevice mac = enrolled_device("MAC");
  escrow(mac, "the token");
  ASSERT_EQ(check_in(mac, check_in_message(mac.who, "CheckOut")).status, 200);
  EXPECT_EQ(check_in(mac, check_in_message(mac.who, "GetBootstrapToken")).status, 409);
}

// ---- GetToken ----

class GetTokenTest : public CheckInMessagesTest {
 protected:
  GetTokenTest() {
    DeviceEndpointOptions with_services = options();
    with_services.services.tokens.maid = MaidService{
        .server_uuid = "5B5B5B5B-0000-4000-8000-000000000001", .key = device_rsa_key()};
    with_services.services.tokens.watch_pairing =
        WatchPairingService{.key = Bytes(32, 'k'), .lifetime = std::chrono::minutes(10)};
    watch_pairing_ = *with_services.services.tokens.watch_pairing;
    serve_with(with_services);
  }

  http::Response get_token(const TestDevice& device, const char* service,
                           std::optional<Dictionary> parameters = std::nullopt) {
    Dictionary message =
        with(device.who, {{"MessageType", "GetToken"}, {"TokenServiceType", service}});
    if (parameters) message.set("TokenParameters", *parameters);
    return check_in(device, plist::write_xml(message));
  }
  static Bytes token_in(const http::Response& response) {
    const Dictionary answer = answer_of(response);
    const plist::Value* data = answer.find("TokenData");
    return data ? data->get_if<Data>()->bytes : Bytes();
  }

  WatchPairingService watch_pairing_;
};

TEST_F(GetTokenTest, MaidGetsASignedTokenWithTheFourClaims) {
  const TestDevice phone = enrolled_device("PHONE");
  const Bytes token = token_in(get_token(phone, "com.apple.maid"));
  const std::size_t first = token.find('.'), last = token.rfind('.');
  ASSERT_LT(first, last);
  const Bytes claims = from_base64url(token.substr(first + 1, last - first - 1)).value();
  const auto issued_at =
      std::chrono::floor<std::chrono::seconds>(clock_.wall_now()).time_since_epoch().count();
  EXPECT_THAT(claims, testing::MatchesRegex(
                          R"(\{"iss":"5B5B5B5B-0000-4000-8000-000000000001","iat":)" +
                          std::to_string(issued_at) +
                          R"(,"jti":"[0-9a-f-]{36}","service_type":"com\.apple\.maid"\})"));
  EXPECT_NE(token, token_in(get_token(phone, "com.apple.maid"))) << "each jti is used once";
}

TEST_F(GetTokenTest, WatchPairingGetsATokenThatVouchesForThePair) {
  const TestDevice phone = enrolled_device("PHONE");
  const Dictionary parameters{
      {"SecurityToken", "security"}, {"PhoneUDID", "PHONE"}, {"WatchUDID", "WATCH"}};
  const Bytes token = token_in(get_token(phone, "com.apple.watch.pairing", parameters));
  const WatchPairingService::Pairing pairing{
      .security_token = "security", .phone_udid = "PHONE", .watch_udid = "WATCH"};
  EXPECT_EQ(watch_pairing_.verify(token, clock_.wall_now()).value(), pairing);
}

TEST_F(GetTokenTest, WatchPairingNeedsAllThreeParametersAndTheAskingPhone) {
  const TestDevice phone = enrolled_device("PHONE");
  const Dictionary whole{
      {"SecurityToken", "security"}, {"PhoneUDID", "PHONE"}, {"WatchUDID", "WATCH"}};
  for (const char* absent : {"SecurityToken", "PhoneUDID", "WatchUDID"}) {
    Dictionary parameters;
    for (const auto& [key, value] : whole.entries()) {
      if (key != absent) parameters.set(key, value);
    }
    EXPECT_EQ(get_token(phone, "com.apple.watch.pairing", parameters).status, 400) << absent;
  }
  EXPECT_EQ(get_token(phone, "com.apple.watch.pairing").status, 400);
  const Dictionary of_another = with(whole, {{"PhoneUDID", "ANOTHER"}});
  EXPECT_EQ(get_token(phone, "com.apple.watch.pairing", of_another).status, 400);
}

TEST_F(GetTokenTest, AnyOtherServiceGets400AndSoDoesOneThatIsNotConfigured) {
  const TestDevice phone = enrolled_device("PHONE");
  EXPECT_EQ(get_token(phone, "com.example.novelty").status, 400);
  serve_with(options());
  EXPECT_EQ(get_token(phone, "com.apple.maid").status, 400);
  EXPECT_EQ(get_token(phone, "com.apple.watch.pairing").status, 400);
  EXPECT_EQ(refused(Refusal::unknown_token_service), 2u);
}

TEST_F(GetTokenTest, BothChannelsAsk) {
  const TestDevice mac = enrolled_device("MAC");
  const auto user = user_channel("MAC", "USER");
  ASSERT_EQ(check_in(mac, token_update(user)).status, 200);
  const auto body = check_in_message(user, "GetToken", {{"TokenServiceType", "com.apple.maid"}});
  EXPECT_EQ(check_in(mac, body).status, 200);
}

// ---- DeclarativeManagement without a server ----

TEST_F(CheckInMessagesTest, DeclarativeManagementWithoutAServerGets501WhichDropsNoDeclaration) {
  const TestDevice mac = enrolled_device("MAC");
  for (const char* endpoint :
       {"tokens", "declaration-items", "status", "declaration/configuration/a"}) {
    const auto body = check_in_message(mac.who, "DeclarativeManagement", {{"Endpoint", endpoint}});
    EXPECT_EQ(check_in(mac, body).status, 501) << endpoint;
  }
}

// ---- ReturnToService ----

TEST_F(CheckInMessagesTest, ReturnToServiceGetsWhatIsConfiguredAndTheEscrowedToken) {
  DeviceEndpointOptions configured = options();
  configured.services.return_to_service = mdm::ReturnToServiceAnswer{
      .enabled = true, .wifi_profile = "wifi", .mdm_profile = {}, .bootstrap_token = {}};
  serve_with(configured);
  const TestDevice phone = enrolled_device("PHONE");
  escrow(phone, "the token");

  const auto answer = answer_of(check_in(phone, check_in_message(phone.who, "ReturnToService")));

  EXPECT_EQ(answer, (Dictionary{{"ReturnToService", Dictionary{{"Enabled", true},
                                                               {"WiFiProfileData", Data{"wifi"}},
                                                               {"BootstrapToken",
                                                                Data{"the token"}}}}}));
}

TEST_F(CheckInMessagesTest, ReturnToServiceGets400WhereItIsNotConfigured) {
  const TestDevice phone = enrolled_device("PHONE");
  EXPECT_EQ(check_in(phone, check_in_message(phone.who, "ReturnToService")).status, 400);
  EXPECT_EQ(refused(Refusal::return_to_service_off), 1u);
}

TEST_F(CheckInMessagesTest, KeysThatWeDoNotKnowHinderNoMessage) {
  const TestDevice mac = enrolled_device("MAC");
  for (const char* type : {"TokenUpdate", "SetBootstrapToken", "GetBootstrapToken"}) {
    const auto body = check_in_message(mac.who, type,
                                       {{"Topic", topic},
                                        {"Token", Data{"t"}},
                                        {"PushMagic", "m"},
                                        {"Novelty", Dictionary{{"Of", 27}}}});
    EXPECT_EQ(check_in(mac, body).status, 200) << type;
  }
}

// ---- watch pairing tokens by themselves ----

class WatchPairingTest : public testing::Test {
 protected:
  WatchPairingTest() {
    message_.identity.device = message_.identity.enrolment = mdm::EnrolmentId("PHONE");
    message_.token_parameters = {
        {"SecurityToken", "security"}, {"PhoneUDID", "PHONE"}, {"WatchUDID", "WATCH"}};
  }
  const WatchPairingService service_{.key = Bytes(32, 'k'), .lifetime = std::chrono::minutes(10)};
  mdm::GetToken message_;
  const storage::Time now_{std::chrono::sys_days{std::chrono::January / 15 / 2026}};
};

TEST_F(WatchPairingTest, ATokenExpires) {
  const Bytes token = service_.token(message_, now_).value();
  const auto last = now_ + std::chrono::minutes(10) - std::chrono::milliseconds(1);
  EXPECT_TRUE(service_.verify(token, last));
  EXPECT_EQ(service_.verify(token, last + std::chrono::milliseconds(1)).error().code,
            ErrorCode::unauthorised);
}

TEST_F(WatchPairingTest, NoChangeOfATokenIsOverlooked) {
  const Bytes token = service_.token(message_, now_).value();
  for (std::size_t i = 0; i < token.size(); ++i) {
    Bytes changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(service_.verify(changed, now_)) << i;
    EXPECT_FALSE(service_.verify(token.substr(0, i), now_)) << i;
  }
  EXPECT_FALSE(service_.verify(token + "A", now_));
}

TEST_F(WatchPairingTest, AnotherServersTokenIsNone) {
  const WatchPairingService other{.key = Bytes(32, 'o'), .lifetime = std::chrono::minutes(10)};
  EXPECT_FALSE(service_.verify(other.token(message_, now_).value(), now_));
}

TEST_F(WatchPairingTest, NoParameterRunsIntoTheNext) {
  const Bytes token = service_.token(message_, now_).value();
  message_.token_parameters.set("SecurityToken", "securityPHONE");
  EXPECT_NE(service_.token(message_, now_).value(), token);
  message_.token_parameters.set("WatchUDID", std::string(513, 'w'));
  EXPECT_FALSE(service_.token(message_, now_)) << "and none is larger than its size can say";
}

}  // namespace
}  // namespace reveille::device
