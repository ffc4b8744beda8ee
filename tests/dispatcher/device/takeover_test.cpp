#include <gmock/gmock.h>

#include "tests/dispatcher/device/endpoint_fixture.h"

// Enrolments that came from another server: they have no certificate of ours yet (protocol.md
// section 2: the certificate is pinned at Authenticate, which they had elsewhere).
namespace reveille::device {
namespace {

class TakeoverTest : public EndpointTest {
 protected:
  TakeoverTest() { import("PHONE"); }

  void import(const std::string& udid) {
    const auto begun = std::get<mdm::Authenticate>(
        mdm::parse_check_in(authenticate(device_channel(udid))).value());
    const auto updated = std::get<mdm::TokenUpdate>(
        mdm::parse_check_in(token_update(device_channel(udid))).value());
    const auto transaction = records();
    ASSERT_TRUE(transaction->authenticate(begun, storage::Sha256{}, clock_.wall_now()));
    ASSERT_TRUE(transaction->update_token(updated, clock_.wall_now()));
    ASSERT_TRUE(transaction->commit());
  }
  void switch_on() {
    DeviceEndpointOptions adopting = options();
    adopting.authorisation.adopt_unbound = true;
    serve_with(adopting);
  }
};

TEST_F(TakeoverTest, WithoutTheSwitchNobodyTakesAnEnrolmentOver) {
  const TestDevice phone = new_device(device_channel("PHONE"));
  EXPECT_EQ(connect(phone, idle(phone.who)).status, 409);
  EXPECT_EQ(check_in(phone, token_update(phone.who)).status, 409);
  EXPECT_EQ(refused(Refusal::enrolment_unbound), 2u);
  EXPECT_EQ(enrolment("PHONE")->certificate, storage::Sha256{});
}

TEST_F(TakeoverTest, TheFirstCertificateThatShowsItselfIsTakenOnce) {
  switch_on();
  const TestDevice phone = new_device(device_channel("PHONE"));
  const TestDevice second = new_device(device_channel("PHONE"));
  enqueue("PHONE", command("a", "ProfileList"));

  const http::Response handed = connect(phone, idle(phone.who));
  EXPECT_EQ(handed.status, 200);
  EXPECT_NE(handed.body, "") << "the queue came with the enrolment";

  EXPECT_EQ(connect(second, idle(second.who)).status, 409);
  EXPECT_EQ(refused(Refusal::certificate_unbound), 1u);
  EXPECT_EQ(serving_->statistics().certificates_adopted, 1u);
  serve_with(options());
  EXPECT_EQ(connect(phone, idle(phone.who)).status, 200) << "also when the switch is off again";
}

TEST_F(TakeoverTest, ACertificateOfAnotherEnrolmentIsNotTaken) {
  switch_on();
  TestDevice disguised = enrolled_device("OTHER");
  disguised.who = device_channel("PHONE");
  EXPECT_EQ(connect(disguised, idle(disguised.who)).status, 409);
  EXPECT_EQ(refused(Refusal::certificate_bound_elsewhere), 1u);
}

TEST_F(TakeoverTest, OneCertificateTakesOneEnrolment) {
  switch_on();
  import("SECOND");
  TestDevice phone = new_device(device_channel("PHONE"));
  ASSERT_EQ(connect(phone, idle(phone.who)).status, 200);
  phone.who = device_channel("SECOND");
  EXPECT_EQ(connect(phone, idle(phone.who)).status, 409);
}

TEST_F(TakeoverTest, AUserChannelThatComesFirstBringsItsDevicesCertificate) {
  switch_on();
  const TestDevice mac = new_device(device_channel("PHONE"));
  const auto user = user_channel("PHONE", "USER");
  EXPECT_EQ(check_in(mac, token_update(user)).status, 200);
  EXPECT_EQ(connect(mac, idle(mac.who)).status, 200);
}

TEST_F(TakeoverTest, AnEnrolmentThatNobodyImportedIsNotMade) {
  switch_on();
  const TestDevice stranger = new_device(device_channel("STRANGER"));
  EXPECT_EQ(connect(stranger, idle(stranger.who)).status, 409);
  EXPECT_EQ(refused(Refusal::enrolment_unknown), 1u);
}

// ---- bearer tokens: section 7.6, 9 and 10 ----

class KnownTokens final : public AccessTokens {
 public:
  boost::asio::awaitable<Result<std::optional<std::string>>> challenge(
      const mdm::Identity& identity, const std::optional<std::string>& token) override {
    asked.push_back(identity.enrolment.text());
    if (is_down) co_return failure(ErrorCode::unavailable, "no answer");
    if (!mdm::is_account_driven(identity.kind) || token == "good") co_return std::nullopt;
    co_return header;
  }
  std::vector<std::string> asked;
  std::string header = "Bearer method=\"apple-as-web\", url=\"https://mdm.example.com/in\"";
  bool is_down = false;
};

class BearerTokenTest : public EndpointTest {
 protected:
  BearerTokenTest() {
    DeviceEndpointOptions checking = options();
    checking.services.access_tokens = tokens_;
    serve_with(checking);
  }
  http::Response say(const TestDevice& device, const std::string& path, Bytes body,
                     const std::string& token = "") {
    const bool is_connect = path == "/mdm";
    http::Request request =
        put(path, std::move(body),
            is_connect ? "application/x-apple-aspen-mdm" : "application/x-apple-aspen-mdm-checkin");
    if (!token.empty()) request.headers.push_back({"authorization", "Bearer " + token});
    return ask(std::move(request), device.certificate);
  }
  void expect_challenge(const http::Response& response) {
    EXPECT_EQ(response.status, 401);
    EXPECT_EQ(response.header("www-authenticate"), tokens_->header);
  }

  const std::shared_ptr<KnownTokens> tokens_ = std::make_shared<KnownTokens>();
};

TEST_F(BearerTokenTest, IosProvesItsUserInEveryMessage) {
  const TestDevice phone = new_device(user_enrolment_channel("ENROLMENT"));
  expect_challenge(say(phone, "/checkin", authenticate(phone.who)));
  EXPECT_FALSE(enrolment("ENROLMENT")) << "nothing happens before";
  EXPECT_EQ(say(phone, "/checkin", authenticate(phone.who), "good").status, 200);
  expect_challenge(say(phone, "/checkin", token_update(phone.who), "expired"));
  EXPECT_EQ(say(phone, "/checkin", token_update(phone.who), "good").status, 200);
  expect_challenge(say(phone, "/mdm", idle(phone.who)));
  EXPECT_EQ(say(phone, "/mdm", idle(phone.who), "good").status, 200);
  EXPECT_EQ(refused(Refusal::access_token_wrong), 3u);
}

TEST_F(BearerTokenTest, AMacProvesItsUserOnTheUserChannelAlone) {
  const TestDevice mac = new_device(user_enrolment_channel("ENROLMENT"));
  const auto user = user_enrolment_user_channel("ENROLMENT", "USER");
  const Bytes begin = check_in_message(
      mac.who, "Authenticate", {{"Topic", topic}, {"ProductName", "MacBookPro18,1"}});
  EXPECT_EQ(say(mac, "/checkin", begin).status, 200);
  EXPECT_EQ(say(mac, "/checkin", token_update(mac.who)).status, 200);
  EXPECT_EQ(say(mac, "/mdm", idle(mac.who)).status, 200);
  EXPECT_TRUE(tokens_->asked.empty());

  expect_challenge(say(mac, "/checkin", token_update(user)));
  EXPECT_EQ(say(mac, "/checkin", token_update(user), "good").status, 200);
  expect_challenge(say(mac, "/mdm", idle(user)));
  EXPECT_EQ(say(mac, "/mdm", idle(user), "good").status, 200);
}

TEST_F(BearerTokenTest, OtherEnrolmentsNeedNone) {
  const TestDevice phone = enrolled_device("PHONE");
  EXPECT_EQ(connect(phone, idle(phone.who)).status, 200);
}

TEST_F(BearerTokenTest, OurTroubleAndAHalfChallengeAreNo401) {
  const TestDevice phone = new_device(user_enrolment_channel("ENROLMENT"));
  tokens_->is_down = true;
  EXPECT_EQ(say(phone, "/checkin", authenticate(phone.who), "good").status, 503);
  tokens_->is_down = false;
  tokens_->header = "";
  EXPECT_EQ(say(phone, "/checkin", authenticate(phone.who)).status, 409);
}

}  // namespace
}  // namespace reveille::device
