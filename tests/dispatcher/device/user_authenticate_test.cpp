#include "dispatcher/device/user_authenticate.h"

#include <gmock/gmock.h>

#include "dispatcher/device/secret_text.h"
#include "protocol/plist/parse.h"
#include "tests/dispatcher/device/endpoint_fixture.h"

// protocol.md section 3, UserAuthenticate: the three policies, the digest, and the AuthToken on the
// user channel.
namespace reveille::device {
namespace {

using plist::Dictionary;

constexpr const char* realm = "example";

// Knows one user, or does not answer.
class OneUser final : public UserDirectory {
 public:
  boost::asio::awaitable<Result<bool>> proves(const pki::DigestCredentials& credentials) override {
    ++asked;
    if (is_down) co_return failure(ErrorCode::unavailable, "the directory is down");
    if (credentials.user_name != "ada") co_return false;
    co_return pki::digest_proves(credentials, pki::digest_secret("ada", realm, "password").value());
  }
  int asked = 0;
  bool is_down = false;
};

class UserAuthenticateTest : public EndpointTest {
 protected:
  UserAuthenticateTest() { follow(UserPolicy::digest); }

  void follow(UserPolicy policy) {
    DeviceEndpointOptions changed = options();
    changed.services.users = {.policy = policy,
                              .realm = realm,
                              .nonce_lifetime = std::chrono::minutes(5),
                              .directory = directory_};
    serve_with(changed);
  }

  http::Response begin(const IdentityKeys& who) {
    return check_in(mac_, check_in_message(who, "UserAuthenticate"));
  }
  static std::string text_in(const http::Response& response, const char* key) {
    EXPECT_EQ(response.status, 200);
    const auto answer = plist::parse_dictionary(response.body);
    const plist::Value* value = answer ? answer->find(key) : nullptr;
    return value ? *value->get_if<std::string>() : std::string("no ") + key;
  }
  // What is between nonce=" and the next quotation mark.
  std::string nonce_for(const IdentityKeys& who) {
    const std::string challenge = text_in(begin(who), "DigestChallenge");
    EXPECT_THAT(challenge, testing::MatchesRegex(R"(Digest nonce="[A-Za-z0-9_-]{43}",realm="example")"));
    return challenge.substr(14, 43);
  }

  http::Response answer(const IdentityKeys& who, const std::string& nonce,
                        const std::string& password = "password", const std::string& name = "ada",
                        const std::string& of_realm = realm) {
    pki::DigestCredentials credentials;
    credentials.nonce = nonce;
    credentials.uri = "/";
    const std::string response =
        pki::digest_response(credentials, pki::digest_secret(name, of_realm, password).value(),
                             "PUT")
            .value();
    const std::string digest = "Digest username=\"" + name + "\",realm=\"" + of_realm +
                               "\",nonce=\"" + nonce + "\",uri=\"/\",response=\"" + response +
                               "\"";
    return check_in(mac_, check_in_message(who, "UserAuthenticate", {{"DigestResponse", digest}}));
  }
  std::string log_in(const IdentityKeys& who) {
    return text_in(answer(who, nonce_for(who)), "AuthToken");
  }
  static IdentityKeys carrying(const IdentityKeys& who, const std::string& token) {
    return with(who, {{"AuthToken", token}});
  }

  const std::shared_ptr<OneUser> directory_ = std::make_shared<OneUser>();
  const TestDevice mac_ = enrolled_device("MAC");
  const IdentityKeys user_{{"UDID", "MAC"}, {"UserID", "USER"}};
};

// ---- the policies ----

TEST_F(UserAuthenticateTest, RefusedUsersGet410) {
  follow(UserPolicy::refuse);
  EXPECT_EQ(begin(user_).status, 410);
  EXPECT_EQ(answer(user_, "nonce").status, 410);
  EXPECT_EQ(refused(Refusal::user_not_managed), 2u);
}

TEST_F(UserAuthenticateTest, AcceptedUsersGetAnEmptyChallengeAndNeedNoToken) {
  follow(UserPolicy::accept);
  EXPECT_EQ(text_in(begin(user_), "DigestChallenge"), "");
  EXPECT_EQ(check_in(mac_, token_update(user_)).status, 200);
  EXPECT_EQ(connect(mac_, idle(user_)).status, 200);
}

TEST_F(UserAuthenticateTest, TheDigestOfThePasswordGetsAnAuthToken) {
  const std::string token = log_in(user_);
  EXPECT_THAT(token, testing::MatchesRegex("[A-Za-z0-9_-]{43}"));
  EXPECT_EQ(serving_->statistics().logins, 1u);
}

TEST_F(UserAuthenticateTest, AWrongPasswordGets200AndAnEmptyAuthToken) {
  EXPECT_EQ(text_in(answer(user_, nonce_for(user_), "wrong"), "AuthToken"), "");
  EXPECT_EQ(text_in(answer(user_, nonce_for(user_), "password", "eve"), "AuthToken"), "");
  EXPECT_EQ(text_in(answer(user_, nonce_for(user_), "password", "ada", "other"), "AuthToken"), "");
  EXPECT_EQ(serving_->statistics().logins_refused, 3u);
  EXPECT_EQ(check_in(mac_, token_update(user_)).status, 410) << "nobody is logged in";
}

TEST_F(UserAuthenticateTest, AResponseThatIsNoDigestGets400) {
  const auto body = check_in_message(user_, "UserAuthenticate", {{"DigestResponse", "Basic YTpi"}});
  EXPECT_EQ(check_in(mac_, body).status, 400);
}

TEST_F(UserAuthenticateTest, ADirectoryThatDoesNotAnswerGets503AndTheDeviceBeginsAgain) {
  const std::string nonce = nonce_for(user_);
  directory_->is_down = true;
  EXPECT_EQ(answer(user_, nonce).status, 503);
  directory_->is_down = false;
  EXPECT_EQ(text_in(answer(user_, nonce), "AuthToken"), "") << "the nonce is spent";
  EXPECT_NE(log_in(user_), "");
}

// ---- the nonce ----

TEST_F(UserAuthenticateTest, ANonceIsGoodForOneResponse) {
  const std::string nonce = nonce_for(user_);
  EXPECT_NE(text_in(answer(user_, nonce), "AuthToken"), "");
  EXPECT_EQ(text_in(answer(user_, nonce), "AuthToken"), "");
  const std::string wrong = nonce_for(user_);
  EXPECT_EQ(text_in(answer(user_, wrong, "guess"), "AuthToken"), "");
  EXPECT_EQ(text_in(answer(user_, wrong), "AuthToken"), "") << "guessing needs a nonce each";
}

TEST_F(UserAuthenticateTest, ANonceExpires) {
  const std::string nonce = nonce_for(user_);
  clock_.turn(std::chrono::minutes(5));
  EXPECT_EQ(text_in(answer(user_, nonce), "AuthToken"), "");
  EXPECT_EQ(directory_->asked, 0);
}

TEST_F(UserAuthenticateTest, ANonceIsOneUsersAndTheLastOneCounts) {
  const IdentityKeys other{{"UDID", "MAC"}, {"UserID", "OTHER"}};
  EXPECT_EQ(text_in(answer(other, nonce_for(user_)), "AuthToken"), "");
  const std::string first = nonce_for(user_);
  const std::string second = nonce_for(user_);
  EXPECT_EQ(text_in(answer(user_, first), "AuthToken"), "");
  EXPECT_NE(text_in(answer(user_, second), "AuthToken"), "") << "a wrong nonce spends no other";
}

TEST_F(UserAuthenticateTest, ThePasswordOfAnotherUserThanTheMessageNamesIsNoProof) {
  const IdentityKeys eve = with(user_, {{"UserShortName", "eve"}});
  EXPECT_EQ(text_in(answer(eve, nonce_for(eve)), "AuthToken"), "");
}

// ---- the AuthToken ----

TEST_F(UserAuthenticateTest, TheUserChannelIsHeardWithItsAuthTokenAlone) {
  const std::string token = log_in(user_);
  EXPECT_EQ(check_in(mac_, token_update(user_)).status, 410);
  EXPECT_EQ(check_in(mac_, token_update(carrying(user_, token))).status, 200);
  enqueue("MAC:USER", command("a", "ProfileList"));

  EXPECT_EQ(connect(mac_, idle(user_)).status, 409);
  EXPECT_EQ(connect(mac_, idle(carrying(user_, "wrong"))).status, 409);
  EXPECT_EQ(check_in(mac_, check_in_message(user_, "CheckOut")).status, 409);
  EXPECT_EQ(refused(Refusal::auth_token_wrong), 4u);

  const http::Response handed = connect(mac_, idle(carrying(user_, token)));
  EXPECT_EQ(handed.status, 200);
  EXPECT_NE(handed.body, "");
}

TEST_F(UserAuthenticateTest, TheAuthTokenIsValidUntilTheNextUserAuthenticate) {
  const std::string first = log_in(user_);
  ASSERT_EQ(check_in(mac_, token_update(carrying(user_, first))).status, 200);
  clock_.turn(std::chrono::days(90));
  EXPECT_EQ(connect(mac_, idle(carrying(user_, first))).status, 200);

  const std::string nonce = nonce_for(user_);
  EXPECT_EQ(connect(mac_, idle(carrying(user_, first))).status, 409);
  const std::string second = text_in(answer(user_, nonce), "AuthToken");
  EXPECT_EQ(connect(mac_, idle(carrying(user_, first))).status, 409);
  EXPECT_EQ(connect(mac_, idle(carrying(user_, second))).status, 200);
}

TEST_F(UserAuthenticateTest, TheDeviceAndALocalUserNeedNoAuthToken) {
  log_in(user_);
  EXPECT_EQ(connect(mac_, idle(mac_.who)).status, 200);
  const auto local = user_channel("MAC", "LOCAL");
  EXPECT_EQ(check_in(mac_, token_update(local)).status, 200);
  EXPECT_EQ(connect(mac_, idle(local)).status, 200);
}

TEST_F(UserAuthenticateTest, ALoginEndsWithTheEnrolmentOfItsDevice) {
  const std::string token = log_in(user_);
  ASSERT_EQ(check_in(mac_, token_update(carrying(user_, token))).status, 200);
  clock_.turn(std::chrono::minutes(5));
  const TestDevice again = enrolled_device("MAC");
  EXPECT_EQ(connect(again, idle(carrying(user_, token))).status, 409);
  EXPECT_EQ(records()->user_login(mdm::EnrolmentId("MAC:USER")).value(), std::nullopt);
}

TEST_F(UserAuthenticateTest, OnlyHashesAreStored) {
  const std::string token = log_in(user_);
  const auto login = records()->user_login(mdm::EnrolmentId("MAC:USER")).value().value();
  EXPECT_EQ(login.auth_token, hash_of_secret(token));
  EXPECT_EQ(login.nonce, std::nullopt);
}

TEST_F(UserAuthenticateTest, AnotherDevicesCertificateLogsNobodyIn) {
  const TestDevice thief = enrolled_device("THIEF");
  EXPECT_EQ(check_in(thief, check_in_message(user_, "UserAuthenticate")).status, 409);
}

TEST_F(UserAuthenticateTest, AUserEnrolmentHasNoSuchMessage) {
  const TestDevice byod = new_device(user_enrolment_channel("ENROLMENT"));
  ASSERT_EQ(check_in(byod, authenticate(byod.who)).status, 200);
  const auto user = user_enrolment_user_channel("ENROLMENT", "USER");
  EXPECT_EQ(check_in(byod, check_in_message(user, "UserAuthenticate")).status, 400);
  EXPECT_EQ(refused(Refusal::wrong_enrolment), 1u);
}

// ---- users from a file ----

bool proves(UserDigests& users, const std::string& name, const std::string& password) {
  pki::DigestCredentials credentials;
  credentials.user_name = name;
  credentials.nonce = "n";
  credentials.uri = "/";
  credentials.response =
      pki::digest_response(credentials, pki::digest_secret(name, realm, password).value(), "PUT")
          .value();
  boost::asio::io_context lane;
  std::optional<Result<bool>> proved;
  boost::asio::co_spawn(lane, users.proves(credentials),
                        [&](std::exception_ptr, Result<bool> result) { proved = result; });
  lane.run();
  return proved->value();
}

TEST(UserDigestsTest, AFileOfHtdigestIsRead) {
  const std::string file = "# users\n\nada:example:" +
                           pki::digest_secret("ada", realm, "password").value() +
                           "\r\ngrace:example:" +
                           pki::digest_secret("grace", realm, "hopper").value();
  auto users = UserDigests::parse(file, realm);
  ASSERT_TRUE(users) << users.error().detail;
  EXPECT_TRUE(proves(*users, "ada", "password"));
  EXPECT_TRUE(proves(*users, "grace", "hopper"));
  EXPECT_FALSE(proves(*users, "ada", "hopper"));
  EXPECT_FALSE(proves(*users, "eve", "password"));
}

TEST(UserDigestsTest, ABrokenLineIsNamedAndNotQuoted) {
  const std::string secret(32, 'a');
  for (const std::string& line : {std::string("ada:example"), std::string("ada:example:secret"), "ada:other:" + secret,
                                  ":example:" + secret, "ada:" + secret, secret}) {
    const auto users = UserDigests::parse("# users\n" + line + "\n", realm);
    ASSERT_FALSE(users) << line;
    EXPECT_THAT(users.error().detail, testing::HasSubstr("line 2"));
    EXPECT_THAT(users.error().detail, testing::Not(testing::HasSubstr(secret)));
  }
}

}  // namespace
}  // namespace reveille::device
