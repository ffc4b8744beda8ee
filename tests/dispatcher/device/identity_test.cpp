#include "dispatcher/device/identity.h"

#include "tests/dispatcher/device/endpoint_fixture.h"

namespace reveille::device {
namespace {

class IdentityVerifierTest : public EndpointTest {
 protected:
  std::expected<Caller, Refused> verify(IdentityVerifier& verifier,
                                        std::optional<pki::Certificate> certificate) {
    http::Peer peer;
    peer.certificate = std::move(certificate);
    return verifier.verify(put("/mdm", "body"), peer, "body", clock_.wall_now());
  }
};

TEST_F(IdentityVerifierTest, TheCallerIsTheSha256OfTheCertificate) {
  IdentityVerifier verifier(authority_.anchors(), 10);
  const TestDevice phone = new_device(device_channel("PHONE"));

  const auto caller = verify(verifier, phone.certificate);

  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->certificate, storage::Sha256::from(phone.certificate.sha256()));
}

TEST_F(IdentityVerifierTest, WithoutACertificateNobodyCalls) {
  IdentityVerifier verifier(authority_.anchors(), 10);
  EXPECT_EQ(verify(verifier, std::nullopt).error().refusal, Refusal::no_certificate);
}

TEST_F(IdentityVerifierTest, TheWordOfAProxyShowsAnIdentityAlsoWhereItNamesTheDevicesAddress) {
  const IdentityVerifier verifier(authority_.anchors(), 10,
                                  TrustedProxies::make({"192.0.2.7"}, "").value());
  http::Request head = put("/mdm", "");
  head.headers.push_back({"client-cert", ":AAAA:"});
  http::Peer device;
  device.address = "203.0.113.9:50123";

  EXPECT_FALSE(verifier.shows_identity(head, device)) << "its own header";
  device.relay = "192.0.2.7:40000";
  EXPECT_TRUE(verifier.shows_identity(head, device));
}

TEST_F(IdentityVerifierTest, MoreCertificatesThanItRemembersAreAllStillVerified) {
  IdentityVerifier verifier(authority_.anchors(), 3);
  const auto elsewhere = make_authority(clock_, "another authority");
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 10; ++i) {
      const pki::PrivateKey key = new_key();
      EXPECT_TRUE(verify(verifier, issue(key, authority_)));
      EXPECT_EQ(verify(verifier, issue(key, elsewhere)).error().refusal,
                Refusal::certificate_untrusted);
    }
  }
}

TEST_F(IdentityVerifierTest, ACertificateFromTheFutureIsNotTrustedYet) {
  IdentityVerifier verifier(authority_.anchors(), 10);
  clock_.turn(std::chrono::hours(5));
  const TestDevice phone = new_device(device_channel("PHONE"));
  clock_.turn(-std::chrono::hours(5));

  EXPECT_EQ(verify(verifier, phone.certificate).error().refusal, Refusal::certificate_untrusted);
}

TEST_F(IdentityVerifierTest, TheRefusalNamesTheSerialAndNoKey) {
  IdentityVerifier verifier(authority_.anchors(), 10);
  const auto foreign = issue(new_key(), make_authority(clock_, "another authority"));

  const auto refused = verify(verifier, foreign);

  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find(foreign.serial_hex()), std::string::npos);
}

TEST_F(IdentityVerifierTest, ARevokedCertificateIsRefusedAlsoWhenItWasVerifiedBefore) {
  enrolment::Revocations revocations;
  IdentityVerifier verifier(authority_.anchors(), 10, {}, &revocations);
  const TestDevice phone = new_device(device_channel("PHONE"));
  const TestDevice other = new_device(device_channel("OTHER"));
  ASSERT_TRUE(verify(verifier, phone.certificate));

  revocations.add(std::vector{storage::Sha256::from(phone.certificate.sha256())});

  EXPECT_EQ(verify(verifier, phone.certificate).error().refusal, Refusal::certificate_revoked);
  EXPECT_TRUE(verify(verifier, other.certificate));
}

}  // namespace
}  // namespace reveille::device
