#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/dispatcher/device/endpoint_fixture.h"

// docs/decisions/0005: every kind of bad request that we know, and no 401 or 403 for any of them.
namespace reveille::device {
namespace {

class BadRequestsTest : public EndpointTest {
 protected:
  // Refused, in a way that a device survives; and the text is for people, without a property list
  // or a JSON document that it could take for an order.
  void expect_survivable(const http::Response& response, const std::string& what) {
    EXPECT_NE(response.status, 401) << what;
    EXPECT_NE(response.status, 403) << what;
    EXPECT_GE(response.status, 400) << what;
    EXPECT_LE(response.status, 503) << what;
    EXPECT_EQ(response.header("content-type"), "text/plain; charset=utf-8") << what;
    EXPECT_EQ(response.header("www-authenticate"), std::nullopt) << what;
    seen_.insert(response.status);
  }

  std::set<int> seen_;
};

std::vector<std::pair<std::string, Bytes>> broken_bodies() {
  const IdentityKeys phone = device_channel("PHONE");
  return {
      {"empty", ""},
      {"no property list", "hello"},
      {"an array", plist::write_xml(plist::Array{"hello"})},
      {"an empty dictionary", plist::write_xml(plist::Dictionary())},
      {"cut off", idle(phone).substr(0, 200)},
      {"deeply nested", "<plist>" + std::string(100'000, '<') + "</plist>"},
      {"binary garbage", "bplist00" + std::string(100, '\xff')},
      {"no identity",
       plist::write_xml(plist::Dictionary{{"MessageType", "Authenticate"}, {"Status", "Idle"}})},
      {"an id with ':'", idle(device_channel("A:B"))},
      {"an id with a line break", idle(device_channel("A\nB"))},
      {"an id that is too long", idle(device_channel(std::string(600, 'x')))},
      {"an id of another kind",
       plist::write_xml(plist::Dictionary{{"UDID", 7}, {"Status", "Idle"}})},
      {"an unknown status", report(phone, "Perhaps", "a")},
      {"a status without a command", plist::write_xml(with(phone, {{"Status", "Acknowledged"}}))},
      {"an unknown message", check_in_message(phone, "Nonsense")},
      {"no topic", check_in_message(phone, "Authenticate")},
      {"no token", check_in_message(phone, "TokenUpdate", {{"Topic", topic}})},
      {"an empty token", token_update(phone, topic, "")},
      {"Authenticate of a user", authenticate(user_channel("PHONE", "USER"))},
      {"UserAuthenticate of a device", check_in_message(phone, "UserAuthenticate")},
  };
}

TEST_F(BadRequestsTest, BrokenBodiesOfAKnownDevice) {
  const TestDevice phone = enrolled_device("PHONE");
  for (const auto& [what, body] : broken_bodies()) {
    for (const char* target : {"/mdm", "/checkin"}) {
      for (const char* type :
           {"", "application/x-apple-aspen-mdm", "application/x-apple-aspen-mdm-checkin"}) {
        expect_survivable(prove_and_ask(put(target, body, type), phone, Proof::both),
                          what + " at " + target + " as " + type);
      }
    }
  }
  EXPECT_THAT(seen_, testing::Contains(400));
  EXPECT_EQ(enrolment("PHONE")->state, storage::EnrolmentState::enrolled);
}

TEST_F(BadRequestsTest, EveryMessageWithoutAnIdentityOrWithABadOne) {
  const TestDevice phone = enrolled_device("PHONE");
  const TestDevice another = enrolled_device("ANOTHER");
  const TestDevice never_enrolled = new_device(device_channel("NEW"));
  const pki::Certificate foreign = issue(phone.key, make_authority(clock_, "another authority"));
  const auto user = user_channel("PHONE", "USER");
  const std::vector<Bytes> messages{
      authenticate(phone.who),
      token_update(phone.who),
      token_update(user),
      check_in_message(phone.who, "CheckOut"),
      check_in_message(user, "UserAuthenticate"),
      check_in_message(phone.who, "SetBootstrapToken"),
      check_in_message(phone.who, "GetBootstrapToken"),
      check_in_message(phone.who, "GetToken", {{"TokenServiceType", "com.apple.maid"}}),
      check_in_message(phone.who, "DeclarativeManagement", {{"Endpoint", "tokens"}}),
      idle(phone.who),
      idle(user),
      report(phone.who, "Acknowledged", "a"),
      report(phone.who, "NotNow", "a"),
  };
  // Certificates that do not speak for PHONE. What never enrolled may send Authenticate, for it has
  // a challenge behind it: that is tested elsewhere.
  const std::vector<std::pair<std::string, std::optional<pki::Certificate>>> certificates{
      {"none", std::nullopt},
      {"another device's", another.certificate},
      {"another authority's", foreign},
      {"the authority's own", authority_.certificate()},
  };
  for (const Bytes& message : messages) {
    for (const auto& [what, certificate] : certificates) {
      expect_survivable(ask(put("/mdm", message), certificate), what + ": " + message);
    }
    for (const char* signature : {"", "nonsense", "AAAA", "MIIB"}) {
      http::Request request = put("/mdm", message);
      request.headers.push_back({"mdm-signature", signature});
      expect_survivable(ask(request, phone.certificate), signature + message);
    }
  }
  for (std::size_t i = 1; i < messages.size(); ++i) {
    expect_survivable(ask(put("/mdm", messages[i]), never_enrolled.certificate), messages[i]);
  }
  EXPECT_THAT(seen_, testing::IsSubsetOf({400, 409}));
  EXPECT_EQ(enrolment("PHONE")->state, storage::EnrolmentState::enrolled);
}

TEST_F(BadRequestsTest, EnrolmentsThatAreNotOrNoLonger) {
  const TestDevice unknown = new_device(device_channel("UNKNOWN"));
  TestDevice gone = enrolled_device("GONE");
  ASSERT_EQ(check_in(gone, check_in_message(gone.who, "CheckOut")).status, 200);
  for (const TestDevice& device : {unknown, gone}) {
    expect_survivable(check_in(device, token_update(device.who)), "TokenUpdate");
    expect_survivable(check_in(device, check_in_message(device.who, "GetBootstrapToken")), "Get");
    expect_survivable(connect(device, idle(device.who)), "Idle");
  }
  EXPECT_THAT(seen_, testing::ElementsAre(409));
}

TEST_F(BadRequestsTest, TopicsThatAreNotOurs) {
  const TestDevice phone = enrolled_device("PHONE");
  expect_survivable(check_in(phone, authenticate(phone.who, "com.example")), "Authenticate");
  expect_survivable(check_in(phone, token_update(phone.who, "com.example")), "TokenUpdate");
  EXPECT_THAT(seen_, testing::ElementsAre(400));
}

TEST_F(BadRequestsTest, PathsAndMethodsThatWeDoNotHave) {
  const TestDevice phone = enrolled_device("PHONE");
  for (const char* method : {"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "NONSENSE", ""}) {
    for (const char* target :
         {"/", "/mdm/x", "/enrol/", "/enrol/unknown", "/enrol/%zz", "/scep", "/scep?operation=x",
          "/scep?operation=PKIOperation&message=AAAA", "/scep?operation=PKIOperation", "*"}) {
      http::Request request = put(target, "x");
      request.method = method;
      expect_survivable(ask(request, phone.certificate), std::string(method) + " " + target);
    }
  }
  for (const char* method : {"GET", "HEAD", "DELETE", "OPTIONS"}) {
    http::Request request = put("/mdm", idle(phone.who));
    request.method = method;
    const http::Response response = ask(request, phone.certificate);
    EXPECT_EQ(response.status, 405);
    EXPECT_EQ(response.header("allow"), "PUT, POST");
  }
  EXPECT_THAT(seen_, testing::IsSubsetOf({400, 404, 405}));
}

// Whatever real devices sent to others, and whatever broke others' parsers.
TEST_F(BadRequestsTest, EveryFileOfTheCorpusSentByADeviceOfOurs) {
  if (!std::filesystem::exists(REVEILLE_CORPUS)) {
    GTEST_SKIP() << "it reads messages of real devices, which are not part of this repository";
  }
  const TestDevice phone = enrolled_device("PHONE");
  std::size_t sent = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(REVEILLE_CORPUS)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    const Bytes body{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    for (const char* target : {"/mdm", "/checkin", "/scep?operation=PKIOperation"}) {
      http::Request request = put(target, body);
      request.method = "POST";
      const http::Response response = ask(std::move(request), phone.certificate);
      EXPECT_NE(response.status, 401) << entry.path() << " at " << target;
      EXPECT_NE(response.status, 403) << entry.path() << " at " << target;
      ++sent;
    }
  }
  EXPECT_GT(sent, 300u);
  EXPECT_EQ(enrolment("PHONE")->state, storage::EnrolmentState::enrolled);
  EXPECT_EQ(endpoint_.statistics().certificates_issued, 0u);
}

TEST_F(BadRequestsTest, EveryRefusalIsCountedByItsReason) {
  const TestDevice phone = enrolled_device("PHONE");
  ask(put("/mdm", idle(phone.who)));
  ask(put("/mdm", "nonsense"), phone.certificate);
  ask(put("/mdm", idle(device_channel("UNKNOWN"))), phone.certificate);

  const StatisticsReading statistics = endpoint_.statistics();
  EXPECT_EQ(statistics.count(Refusal::no_certificate), 1u);
  EXPECT_EQ(statistics.count(Refusal::malformed), 1u);
  EXPECT_EQ(statistics.count(Refusal::enrolment_unknown), 1u);
  EXPECT_EQ(statistics.count(RequestKind::unreadable), 2u);
}

}  // namespace
}  // namespace reveille::device
