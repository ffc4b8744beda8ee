#include "dispatcher/device/device_endpoint.h"

#include <gmock/gmock.h>

#include "protocol/base/base64.h"
#include "protocol/pki/cms.h"
#include "protocol/pki/scep.h"
#include "protocol/profile/enrolment_profile.h"
#include "tests/dispatcher/device/endpoint_fixture.h"

namespace reveille::device {
namespace {

using storage::DeliveryState;
using storage::EnrolmentState;

class DeviceEndpointTest : public EndpointTest {
 protected:
  std::string new_challenge() {
    return run(enrolment::create_challenges(storage_, clock_, random_, 1, std::chrono::hours(1)))
        .value()
        .front()
        .text;
  }

  // SCEP as the profile says.
  pki::Certificate obtain_identity(const profile::ScepPayload& scep, const pki::PrivateKey& key) {
    pki::CertificateTemplate contents;
    contents.common_name = scep.common_name;
    contents.serial = random_.bytes(16);
    contents.not_before = std::chrono::floor<std::chrono::seconds>(clock_.wall_now());
    contents.not_after = contents.not_before + std::chrono::days(1);
    const pki::Certificate authority =
        pki::Certificate::from_der(ask(get("/scep?operation=GetCACert")).body).value();
    const pki::scep::ClientRequest request{
        .type = pki::scep::MessageType::pkcs_req,
        .csr = pki::CertificateRequest::create(scep.common_name, scep.organisation, scep.challenge,
                                               key)
                   .value(),
        .signer = pki::issue_self_signed(contents, key).value(),
        .signer_key = key,
        .transaction_id = "1",
        .sender_nonce = random_.bytes(16)};
    http::Request post =
        put("/scep?operation=PKIOperation", pki::scep::make_request(request, authority).value());
    post.method = "POST";
    const auto answer = pki::scep::parse_answer(ask(std::move(post)).body, request, authority, key);
    return answer.value().issued.value();
  }

  static std::string handed_out(const http::Response& response) {
    EXPECT_EQ(response.status, 200);
    return response.body.empty() ? "nothing" : mdm::parse_command(response.body).value().uuid.text;
  }
};

TEST_F(DeviceEndpointTest, ADeviceEnrolsByHandFromTheLinkToTheFirstAcknowledged) {
  const http::Response page = ask(get("/enrol/" + new_challenge()));
  ASSERT_EQ(page.status, 200);
  const auto profile = profile::parse_enrolment_profile(page.body).value();
  const TestDevice phone{.who = device_channel("PHONE"),
                         .key = device_rsa_key(),
                         .certificate = obtain_identity(profile.scep, device_rsa_key())};

  const http::Response authenticated = check_in(phone, authenticate(phone.who));
  EXPECT_EQ(authenticated.status, 200);
  EXPECT_EQ(authenticated.body, "");
  EXPECT_EQ(enrolment("PHONE")->state, EnrolmentState::pending);
  EXPECT_EQ(check_in(phone, token_update(phone.who)).status, 200);
  EXPECT_EQ(enrolment("PHONE")->state, EnrolmentState::enrolled);

  const mdm::Command query = command("query", "DeviceInformation");
  enqueue("PHONE", query);
  const http::Response handed = connect(phone, idle(phone.who));
  EXPECT_EQ(handed.body, query.body) << "the exact bytes";
  EXPECT_EQ(handed.header("content-type"), "application/xml");
  const http::Response done = connect(phone, report(phone.who, "Acknowledged", "query"));
  EXPECT_EQ(done.status, 200);
  EXPECT_EQ(done.body, "");
  EXPECT_EQ(state_of("PHONE", "query"), DeliveryState::acknowledged);

  const StatisticsReading statistics = endpoint_.statistics();
  EXPECT_EQ(statistics.profiles_served, 1u);
  EXPECT_EQ(statistics.certificates_issued, 1u);
  EXPECT_EQ(statistics.enrolled, 1u);
  EXPECT_EQ(statistics.commands_handed_out, 1u);
  EXPECT_EQ(statistics.count(RequestKind::connect), 2u);
  EXPECT_EQ(statistics.count(mdm::Status::acknowledged), 1u);
}

TEST_F(DeviceEndpointTest, EveryStatusGetsANormalAnswer) {
  const TestDevice phone = enrolled_device("PHONE");
  for (const char* uuid : {"acknowledged", "error", "format", "not now"}) {
    enqueue("PHONE", command(uuid, "ProfileList"));
  }
  EXPECT_EQ(handed_out(connect(phone, idle(phone.who))), "acknowledged");
  EXPECT_EQ(handed_out(connect(phone, report(phone.who, "Acknowledged", "acknowledged"))), "error");
  EXPECT_EQ(handed_out(connect(phone, report(phone.who, "Error", "error"))), "format");
  EXPECT_EQ(handed_out(connect(phone, report(phone.who, "CommandFormatError", "format"))),
            "not now");
  EXPECT_EQ(handed_out(connect(phone, report(phone.who, "NotNow", "not now"))), "nothing");

  EXPECT_EQ(state_of("PHONE", "acknowledged"), DeliveryState::acknowledged);
  EXPECT_EQ(state_of("PHONE", "error"), DeliveryState::failed);
  EXPECT_EQ(state_of("PHONE", "format"), DeliveryState::failed);
  EXPECT_EQ(state_of("PHONE", "not now"), DeliveryState::queued);
  for (const auto status : {mdm::Status::idle, mdm::Status::acknowledged, mdm::Status::error,
                            mdm::Status::command_format_error, mdm::Status::not_now}) {
    EXPECT_EQ(endpoint_.statistics().count(status), 1u) << mdm::name_of(status);
  }
}

// Nothing lost, and no loop: a refused result would come again and again, and no command after it.
TEST_F(DeviceEndpointTest, AResultWithABrokenValueIsStoredByteForByteAndTheNextCommandFollows) {
  const TestDevice phone = enrolled_device("PHONE");
  enqueue("PHONE", command("first", "CertificateList"));
  enqueue("PHONE", command("second", "DeviceInformation"));
  connect(phone, idle(phone.who));
  Bytes result = report(phone.who, "Acknowledged", "first");
  const std::string broken = "<key>CertificateList</key><data>redacted!</data></dict>";
  result.replace(result.rfind("</dict>"), 7, broken);

  const http::Response response = connect(phone, result);

  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, command("second", "DeviceInformation").body);
  EXPECT_EQ(state_of("PHONE", "first"), storage::DeliveryState::acknowledged);
  EXPECT_EQ(records()->find_result(mdm::EnrolmentId("PHONE"), mdm::CommandUuid{"first"}).value(),
            result);
}

TEST_F(DeviceEndpointTest, ABinaryCommandGoesOutWithItsExactBytesUnderItsOwnType) {
  const TestDevice phone = enrolled_device("PHONE");
  const Bytes body = plist::write_binary(plist::Dictionary{
      {"CommandUUID", "binary"}, {"Command", plist::Dictionary{{"RequestType", "ProfileList"}}}});
  enqueue("PHONE", mdm::parse_command(body).value());

  const http::Response handed = connect(phone, idle(phone.who));

  EXPECT_EQ(handed.body, body);
  EXPECT_EQ(handed.header("content-type"), "application/x-plist");
}

TEST_F(DeviceEndpointTest, TheWakeLanesAreToldAfterTokenUpdate) {
  enrolled_device("PHONE");
  EXPECT_THAT(notified_, testing::ElementsAre(storage::partition_of(mdm::EnrolmentId("PHONE"))));
}

TEST_F(DeviceEndpointTest, TheWakeLanesAreToldOfWhatIsOwedSoonerThanTheyLookByThemselves) {
  const TestDevice phone = enrolled_device("PHONE");
  const auto told_of_an_answer_owed_in = [&](std::chrono::seconds timeout) {
    DeviceEndpointOptions patience = options();
    patience.timeouts.answer = timeout;
    std::vector<storage::Partition> told;
    DeviceEndpoint endpoint(
        patience, storage_, [&](storage::Partition partition) { told.push_back(partition); },
        authority_, clock_, random_, log_);
    const http::Peer peer{
        .address = "192.0.2.1:1", .certificate = phone.certificate, .user_id = {}};
    EXPECT_NE(run(endpoint.handle(put("/mdm", idle(phone.who)), peer)).body, "");
    return told;
  };
  enqueue("PHONE", command("a", "ProfileList"));

  EXPECT_THAT(told_of_an_answer_owed_in(wakes_reread_within - std::chrono::seconds(1)),
              testing::ElementsAre(storage::partition_of(mdm::EnrolmentId("PHONE"))));
  EXPECT_THAT(told_of_an_answer_owed_in(wakes_reread_within), testing::IsEmpty());
}

// ---- check-in messages: the rows of section 3 ----

TEST_F(DeviceEndpointTest, CheckOutGetsAnEmpty200AndEndsTheEnrolment) {
  const TestDevice phone = enrolled_device("PHONE");
  const http::Response response = check_in(phone, check_in_message(phone.who, "CheckOut"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(enrolment("PHONE")->end_reason, storage::EndReason::checked_out);
  EXPECT_EQ(endpoint_.statistics().ended, 1u);
}

TEST_F(DeviceEndpointTest, AnUnknownMessageTypeGets400) {
  const TestDevice mac = enrolled_device("MAC");
  EXPECT_EQ(check_in(mac, check_in_message(mac.who, "Nonsense")).status, 400);
}

// ---- identity: section 2 ----

TEST_F(DeviceEndpointTest, AMessageSignatureAloneIsAsGoodAsATlsCertificate) {
  const TestDevice phone = new_device(device_channel("PHONE"));
  EXPECT_EQ(check_in(phone, authenticate(phone.who), Proof::signature).status, 200);
  EXPECT_EQ(check_in(phone, token_update(phone.who), Proof::signature).status, 200);
  EXPECT_EQ(connect(phone, idle(phone.who), Proof::signature).status, 200);
  EXPECT_EQ(connect(phone, idle(phone.who), Proof::tls).status, 200);
  EXPECT_EQ(connect(phone, idle(phone.who), Proof::both).status, 200);
}

TEST_F(DeviceEndpointTest, ASignatureByAnotherThanTheTlsCertificateIsRefused) {
  const TestDevice first = enrolled_device("FIRST");
  const TestDevice second = enrolled_device("SECOND");
  http::Request request = put("/mdm", idle(first.who), "application/x-apple-aspen-mdm");
  sign(request, second);

  EXPECT_EQ(ask(request, first.certificate).status, 400);
  EXPECT_EQ(ask(request, second.certificate).status, 409) << "one identity, another's enrolment";

  EXPECT_EQ(endpoint_.statistics().count(Refusal::certificates_differ), 1u);
}

TEST_F(DeviceEndpointTest, ASignatureOverOtherBytesIsRefusedThoughTlsWouldDo) {
  const TestDevice phone = enrolled_device("PHONE");
  http::Request request = put("/mdm", idle(phone.who), "application/x-apple-aspen-mdm");
  sign(request, phone);
  request.body += "\n";

  EXPECT_EQ(ask(request, phone.certificate).status, 400);
  EXPECT_EQ(ask(request).status, 400);

  EXPECT_EQ(endpoint_.statistics().count(Refusal::bad_signature), 2u);
}

TEST_F(DeviceEndpointTest, ACertificateIsRefusedOnceItHasExpiredThoughItWasVerifiedBefore) {
  const TestDevice phone = enrolled_device("PHONE");
  clock_.turn(std::chrono::days(364));
  EXPECT_EQ(connect(phone, idle(phone.who)).status, 200);

  clock_.turn(std::chrono::days(2));

  EXPECT_EQ(connect(phone, idle(phone.who)).status, 400);
  EXPECT_EQ(endpoint_.statistics().count(Refusal::certificate_untrusted), 1u);
}

TEST_F(DeviceEndpointTest, AnotherDevicesCertificateIsRefusedInEveryMessage) {
  const TestDevice victim = enrolled_device("VICTIM");
  const TestDevice thief = enrolled_device("THIEF");
  TestDevice disguised = thief;
  disguised.who = victim.who;
  enqueue("VICTIM", command("secret", "InstallProfile"));

  for (const Proof proof : {Proof::tls, Proof::signature, Proof::both}) {
    EXPECT_EQ(check_in(disguised, authenticate(victim.who), proof).status, 409);
    EXPECT_EQ(check_in(disguised, token_update(victim.who), proof).status, 409);
    EXPECT_EQ(check_in(disguised, check_in_message(victim.who, "CheckOut"), proof).status, 409);
    EXPECT_EQ(check_in(disguised, check_in_message(victim.who, "GetBootstrapToken"), proof).status,
              409);
    EXPECT_EQ(connect(disguised, idle(victim.who), proof).status, 409);
    EXPECT_EQ(connect(disguised, report(victim.who, "Acknowledged", "secret"), proof).status, 409);
  }

  EXPECT_EQ(enrolment("VICTIM")->state, EnrolmentState::enrolled);
  EXPECT_EQ(state_of("VICTIM", "secret"), DeliveryState::queued);
  EXPECT_EQ(endpoint_.statistics().count(Refusal::certificate_bound_elsewhere), 18u);
}

TEST_F(DeviceEndpointTest, AUserChannelNeedsItsDevicesCertificate) {
  TestDevice mac = enrolled_device("MAC");
  const TestDevice other = enrolled_device("OTHER");
  const auto user = user_channel("MAC", "USER");
  EXPECT_EQ(check_in(other, token_update(user)).status, 409);
  EXPECT_EQ(check_in(mac, token_update(user)).status, 200);

  EXPECT_EQ(connect(mac, idle(user)).status, 200);
  EXPECT_EQ(connect(other, idle(user)).status, 409);
}

TEST_F(DeviceEndpointTest, ADeviceErasesItselfAndEnrolsAgainByANewIdentity) {
  const TestDevice phone = enrolled_device("PHONE");
  enqueue("PHONE", command("erase", "EraseDevice"));
  EXPECT_EQ(handed_out(connect(phone, idle(phone.who))), "erase");
  EXPECT_EQ(handed_out(connect(phone, report(phone.who, "Acknowledged", "erase"))), "nothing");
  EXPECT_EQ(connect(phone, idle(phone.who)).status, 409);

  clock_.turn(std::chrono::minutes(10));
  const TestDevice again = enrolled_device("PHONE");

  EXPECT_EQ(handed_out(connect(again, idle(again.who))), "nothing");
  EXPECT_EQ(enrolment("PHONE")->generation, 2u);
}

// As a simulator in the field does: signed, no TLS certificate, no Content-Type on connects.
TEST_F(DeviceEndpointTest, ConnectsWithoutAContentTypeAreUnderstood) {
  const TestDevice phone = enrolled_device("PHONE");
  enqueue("PHONE", command("a", "ProfileList"));

  EXPECT_EQ(handed_out(prove_and_ask(put("/mdm", idle(phone.who)), phone, Proof::signature)), "a");
  EXPECT_EQ(handed_out(prove_and_ask(put("/mdm", report(phone.who, "Acknowledged", "a")), phone,
                                     Proof::signature)),
            "nothing");
  EXPECT_EQ(state_of("PHONE", "a"), DeliveryState::acknowledged);
}

// One push token for all devices: results are matched by enrolment.
TEST_F(DeviceEndpointTest, DevicesWithTheSamePushTokenKeepTheirQueuesApart) {
  const TestDevice first = enrolled_device("FIRST");
  const TestDevice second = enrolled_device("SECOND");
  enqueue("FIRST", command("a", "ProfileList"));

  EXPECT_EQ(handed_out(connect(second, idle(second.who))), "nothing");
  EXPECT_EQ(handed_out(connect(first, idle(first.who))), "a");
}

TEST_F(DeviceEndpointTest, TheProfileIsSignedUnlessConfiguredOtherwise) {
  DeviceEndpointOptions signing = options();
  signing.sign_profile = true;
  DeviceEndpoint endpoint(
      signing, storage_, [](storage::Partition) {}, authority_, clock_, random_, log_);
  const http::Peer peer{.address = "192.0.2.1:1", .certificate = {}, .user_id = {}};

  const http::Response response = run(endpoint.handle(get("/enrol/" + new_challenge()), peer));

  const auto verified = pki::verify_attached(response.body);
  ASSERT_TRUE(verified);
  EXPECT_TRUE(profile::parse_enrolment_profile(verified->content));
}

// Each certificate lies in a partition of its own; what ties them is the first of their line.
TEST_F(DeviceEndpointTest, ManyRenewalsOfOneIdentityEnrolOneDevice) {
  const TestDevice first = new_device(device_channel("FIRST"));
  const auto renewed_from_first = [&](const std::string& udid) {
    TestDevice renewed = new_device(device_channel(udid));
    storage::IssuedCertificate record;
    record.sha256 = storage::Sha256::from(renewed.certificate.sha256());
    record.renews = storage::Sha256::from(first.certificate.sha256());
    const auto transaction = records();
    EXPECT_TRUE(transaction->record_certificate(record));
    EXPECT_TRUE(transaction->commit());
    return renewed;
  };
  const TestDevice one = renewed_from_first("ONE");
  EXPECT_EQ(check_in(one, authenticate(one.who)).status, 200);
  for (int i = 0; i < 8; ++i) {
    const TestDevice other = renewed_from_first("OTHER");
    EXPECT_EQ(check_in(other, authenticate(other.who)).status, 409);
  }
  EXPECT_EQ(check_in(first, authenticate(first.who)).status, 409);
  EXPECT_EQ(refused(Refusal::certificate_bound_elsewhere), 9u);
  EXPECT_FALSE(enrolment("OTHER"));
}

TEST_F(DeviceEndpointTest, OnlyAMessageThatShowsAnIdentityMayBeLong) {
  DeviceEndpointOptions behind = options();
  behind.proxies = TrustedProxies::make({"192.0.2.7"}, "").value();
  serve_with(behind);
  const TestDevice phone = new_device(device_channel("PHONE"));
  const auto may_be_long = [&](const http::Request& head, const http::Peer& peer) {
    const std::size_t max = serving_->body_bytes_max(head, peer);
    EXPECT_TRUE(max == DeviceEndpoint::body_bytes_max_of_strangers || max > (1u << 30));
    return max > DeviceEndpoint::body_bytes_max_of_strangers;
  };
  http::Peer stranger, device, proxy;
  stranger.address = device.address = "192.0.2.1:4711";
  proxy.address = "192.0.2.7:4711";
  device.certificate = phone.certificate;
  http::Request passed_on = put("/mdm", "");
  passed_on.headers.push_back({"client-cert", "value"});
  http::Request is_signed = put("/checkin", "");
  is_signed.headers.push_back({"mdm-signature", "value"});

  for (const char* path : {"/mdm", "/checkin"}) {
    EXPECT_TRUE(may_be_long(put(path, ""), device));
    EXPECT_FALSE(may_be_long(put(path, ""), stranger));
    EXPECT_FALSE(may_be_long(put(path, ""), proxy)) << "it sends no certificate";
    EXPECT_FALSE(may_be_long(get(path), device));
  }
  EXPECT_TRUE(may_be_long(is_signed, stranger));
  EXPECT_TRUE(may_be_long(passed_on, proxy));
  EXPECT_FALSE(may_be_long(passed_on, stranger));
  for (const char* path : {"/scep", "/nothing", "/enrol/x", "/"}) {
    EXPECT_FALSE(may_be_long(put(path, ""), device)) << path;
  }
}

}  // namespace
}  // namespace reveille::device
