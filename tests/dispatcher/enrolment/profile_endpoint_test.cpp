#include "dispatcher/enrolment/profile_endpoint.h"

#include <gmock/gmock.h>

#include "dispatcher/enrolment/challenges.h"
#include "protocol/base/base64.h"
#include "protocol/pki/cms.h"
#include "protocol/plist/parse.h"
#include "tests/dispatcher/enrolment/enrolment_fixture.h"

namespace reveille::enrolment {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ProfileEndpointTest : public EnrolmentTest {
 protected:
  ProfileEndpointTest() {
    options_.public_url = "https://mdm.example.com:8443";
    options_.organisation = "Example";
    challenge_ = run(create_challenges(storage_, clock_, random_, 1, std::chrono::hours(1)))
                     .value()
                     .front()
                     .text;
  }

  ProfileEndpoint& endpoint() {
    if (!endpoint_) {
      endpoint_ = std::make_unique<ProfileEndpoint>(options_, storage_, authority_, clock_, log_);
    }
    return *endpoint_;
  }
  http::Response ask(const std::string& method, const std::string& challenge) {
    http::Request request;
    request.method = method;
    request.target = "/enrol/" + challenge;
    return run(endpoint().handle(request, challenge));
  }
  http::Response open_link() { return ask("GET", challenge_); }

  void spend() {
    const auto transaction = records();
    ASSERT_TRUE(transaction->spend_challenge(hash_of_challenge(challenge_), storage::Sha256{},
                                             "certificate", clock_.wall_now()));
    ASSERT_TRUE(transaction->commit());
  }

  ProfileOptions options_;
  std::string challenge_;
  std::unique_ptr<ProfileEndpoint> endpoint_;
};

const plist::Dictionary& payload_of(const plist::Dictionary& profile, std::string_view type) {
  const auto* payloads = profile.find("PayloadContent")->get_if<plist::Array>();
  for (const plist::Value& payload : *payloads) {
    const auto& dictionary = *payload.get_if<plist::Dictionary>();
    if (*dictionary.find("PayloadType") == plist::Value(std::string(type))) return dictionary;
  }
  throw std::runtime_error("no payload " + std::string(type));
}

TEST_F(ProfileEndpointTest, AnOpenLinkGivesTheRootTheScepAndTheMdmPayload) {
  store_push_certificate();

  const http::Response response = open_link();

  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(response.header("content-type"), "application/x-apple-aspen-config");
  EXPECT_EQ(response.header("cache-control"), "no-store");
  const auto profile = profile::parse_enrolment_profile(response.body);
  ASSERT_TRUE(profile) << profile.error().detail;
  EXPECT_THAT(profile->root_certificates, ElementsAre(authority_.certificate().der()));
  EXPECT_EQ(profile->scep.url, "https://mdm.example.com:8443/scep");
  EXPECT_EQ(profile->scep.challenge, challenge_);
  EXPECT_FALSE(profile->scep.common_name.empty());
  EXPECT_EQ(profile->mdm.topic, topic);
  EXPECT_EQ(profile->mdm.server_url, "https://mdm.example.com:8443/mdm");
  EXPECT_EQ(profile->mdm.check_in_url, "https://mdm.example.com:8443/checkin");
  EXPECT_EQ(profile->mdm.access_rights, 8191);
  EXPECT_TRUE(profile->mdm.check_out_when_removed);
  EXPECT_FALSE(profile->mdm.sign_message);
  EXPECT_THAT(profile->mdm.server_capabilities,
              ElementsAre("com.apple.mdm.per-user-connections", "com.apple.mdm.bootstraptoken"));
}

TEST_F(ProfileEndpointTest, TheKeysStandInThePropertyListAsAppleSpellsThem) {
  store_push_certificate();
  const auto profile = plist::parse_dictionary(open_link().body);
  ASSERT_TRUE(profile);

  const auto& scep_payload = payload_of(*profile, "com.apple.security.scep");
  const auto& scep = *scep_payload.find("PayloadContent")->get_if<plist::Dictionary>();
  EXPECT_EQ(*scep.find("Keysize"), plist::Value(2048)) << "Apple's default is 1024";
  EXPECT_EQ(*scep.find("Key Type"), plist::Value("RSA"));
  EXPECT_EQ(*scep.find("Key Usage"), plist::Value(5));
  EXPECT_EQ(*scep.find("Challenge"), plist::Value(challenge_));
  const auto& mdm = payload_of(*profile, "com.apple.mdm");
  EXPECT_EQ(*mdm.find("IdentityCertificateUUID"), *scep_payload.find("PayloadUUID"));
  EXPECT_EQ(*mdm.find("CheckOutWhenRemoved"), plist::Value(true));
  EXPECT_EQ(mdm.find("EnrollmentMode"), nullptr);
}

TEST_F(ProfileEndpointTest, SignMessageIsAskedForWhenSetSo) {
  store_push_certificate();
  options_.sign_message = true;

  const auto profile = profile::parse_enrolment_profile(open_link().body);

  ASSERT_TRUE(profile);
  EXPECT_TRUE(profile->mdm.sign_message);
}

TEST_F(ProfileEndpointTest, ASignedProfileVerifiesAndHoldsTheSameProfile) {
  store_push_certificate();
  const http::Response unsigned_one = open_link();
  endpoint_.reset();
  options_.signer = make_profile_signer(authority_, "Example", clock_, random_).value();

  const http::Response response = open_link();

  EXPECT_EQ(response.header("content-type"), "application/x-apple-aspen-config");
  const auto verified = pki::verify_attached(response.body);
  ASSERT_TRUE(verified) << verified.error().detail;
  EXPECT_EQ(verified->content, unsigned_one.body);
  EXPECT_EQ(verified->signer, options_.signer->certificate);
}

TEST_F(ProfileEndpointTest, TheSignersCertificateCannotPassAsADevice) {
  const auto signer = make_profile_signer(authority_, "Example", clock_, random_);
  ASSERT_TRUE(signer);
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.wall_now());

  EXPECT_FALSE(pki::verify_client_certificate(signer->certificate, {}, authority_.anchors(), now));
}

TEST_F(ProfileEndpointTest, ALinkMayBeOpenedAgainUntilACertificateIsIssued) {
  store_push_certificate();
  EXPECT_EQ(open_link().status, 200);
  EXPECT_EQ(open_link().status, 200);

  spend();

  const http::Response response = open_link();
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.header("content-type"), "text/plain; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("enrolment-link"));
}

TEST_F(ProfileEndpointTest, AnUnknownAnOverlongABrokenAndAnExpiredChallengeGet404) {
  store_push_certificate();
  EXPECT_EQ(ask("GET", "unknown").status, 404);
  EXPECT_EQ(ask("GET", std::string(10'000, 'a')).status, 404);
  EXPECT_EQ(ask("GET", "%zz").status, 404);
  EXPECT_EQ(ask("GET", "%00").status, 404);

  clock_.turn(std::chrono::hours(2));

  EXPECT_EQ(open_link().status, 404);
  EXPECT_EQ(endpoint().statistics().refused.value(), 5u);
}

TEST_F(ProfileEndpointTest, HeadIsAnsweredLikeGetAndOtherMethodsAreRefused) {
  store_push_certificate();

  EXPECT_EQ(ask("HEAD", challenge_).status, 200);
  EXPECT_EQ(ask("HEAD", challenge_).headers, open_link().headers);
  EXPECT_EQ(ask("HEAD", "unknown").status, 404);
  EXPECT_EQ(ask("POST", challenge_).status, 405);
  EXPECT_EQ(ask("POST", challenge_).header("allow"), "GET, HEAD");
}

TEST_F(ProfileEndpointTest, WithoutAPushCertificateThereIsNoProfileAndTheTextSaysWhatToDo) {
  const http::Response response = open_link();

  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("push-certificate set"));
}

TEST_F(ProfileEndpointTest, OfSeveralPushCertificatesTheOneThatIsPushedWithGivesTheTopic) {
  store_push_certificate("com.apple.mgmt.External.old", std::chrono::days(365));
  clock_.turn(std::chrono::seconds(1));
  store_push_certificate("com.apple.mgmt.External.new", std::chrono::days(10));

  const auto profile = profile::parse_enrolment_profile(open_link().body);

  ASSERT_TRUE(profile);
  EXPECT_EQ(profile->mdm.topic, "com.apple.mgmt.External.new");
}

TEST_F(ProfileEndpointTest, AStoreThatFailsGives503AndTheLinkStaysOpen) {
  store_push_certificate();
  store_.break_commits();
  EXPECT_EQ(open_link().status, 503);

  store_.mend();

  EXPECT_EQ(open_link().status, 200);
}

TEST(EnrolmentProfileTest, ThatGetTokenIsAnsweredIsSaidOnlyWhereItIs) {
  const HandClock clock;
  const CertificateAuthority authority = make_authority(clock);
  ProfileOptions options;
  options.public_url = "https://mdm.example.com";
  options.gives_tokens = true;

  const auto profile = make_enrolment_profile(options, authority.certificate(), "one", "topic");

  EXPECT_THAT(profile.mdm.server_capabilities, testing::Contains("com.apple.mdm.token"));
}

TEST(EnrolmentProfileTest, AnotherLinkGivesAnotherSubjectButTheSameIdentifier) {
  const HandClock clock;
  const CertificateAuthority authority = make_authority(clock);
  ProfileOptions options;
  options.public_url = "https://mdm.example.com:8443/";

  const auto first = make_enrolment_profile(options, authority.certificate(), "one", "topic");
  const auto second = make_enrolment_profile(options, authority.certificate(), "two", "topic");

  EXPECT_EQ(first.identifier, second.identifier) << "a later profile replaces this one";
  EXPECT_NE(first.uuid, second.uuid);
  EXPECT_NE(first.scep.common_name, second.scep.common_name);
  EXPECT_EQ(first.mdm.server_url, "https://mdm.example.com:8443/mdm");
}

}  // namespace
}  // namespace reveille::enrolment
