#include <gtest/gtest.h>

#include "protocol/pki/certificate.h"
#include "tests/protocol/pki/identities.h"

namespace reveille::pki {
namespace {

class VerifyClientCertificateTest : public testing::Test {
 protected:
  // The reason of the refusal; empty when accepted.
  std::string refusal(const Certificate& leaf, std::vector<Certificate> intermediates,
                      std::vector<Certificate> anchors, Time time = today) {
    const auto verified = verify_client_certificate(leaf, intermediates, anchors, time);
    if (verified) return "";
    EXPECT_EQ(verified.error().code, ErrorCode::unauthorised);
    return verified.error().detail;
  }

  const Identity root_ = authority();
  const Identity device_ = device_of(root_);
};

TEST_F(VerifyClientCertificateTest, OneOfOursIsAccepted) {
  EXPECT_EQ(refusal(device_.certificate, {}, {root_.certificate}), "");
}

TEST_F(VerifyClientCertificateTest, AnyOfSeveralAnchorsWillDo) {
  const auto successor = authority("Example Authority 2", rsa_key());
  EXPECT_EQ(refusal(device_.certificate, {}, {successor.certificate, root_.certificate}), "");
}

TEST_F(VerifyClientCertificateTest, ItCountsFromItsFirstSecondToItsLast) {
  const Time first = device_.certificate.not_before();
  const Time last = device_.certificate.not_after();
  const std::chrono::seconds second(1);

  EXPECT_EQ(refusal(device_.certificate, {}, {root_.certificate}, first), "");
  EXPECT_EQ(refusal(device_.certificate, {}, {root_.certificate}, first - second),
            "client certificate: certificate is not yet valid");
  EXPECT_EQ(refusal(device_.certificate, {}, {root_.certificate}, last - second), "");
  EXPECT_EQ(refusal(device_.certificate, {}, {root_.certificate}, last + second),
            "client certificate: certificate has expired");
}

TEST_F(VerifyClientCertificateTest, AnotherIssuerIsRefused) {
  const auto stranger = authority("Other Authority", rsa_key());
  EXPECT_EQ(refusal(device_of(stranger).certificate, {}, {root_.certificate}),
            "client certificate: unable to get local issuer certificate");
  EXPECT_NE(refusal(device_.certificate, {}, {}), "");
}

TEST_F(VerifyClientCertificateTest, AnotherAuthorityOfTheSameNameIsRefused) {
  const auto impostor = authority("Example Authority", rsa_key());
  const auto device = device_of(impostor);

  EXPECT_NE(refusal(device.certificate, {impostor.certificate}, {root_.certificate}), "");
}

TEST_F(VerifyClientCertificateTest, ASelfSignedLookAlikeOfADeviceIsRefused) {
  EXPECT_NE(refusal(self_signed_client(ec_key()).certificate, {}, {root_.certificate}), "");
}

TEST_F(VerifyClientCertificateTest, AServersCertificateIsNoClients) {
  const auto server = must(
      issue(contents_for("server", Purpose::tls_server), ec_key(), root_.certificate, root_.key));
  EXPECT_NE(refusal(server, {}, {root_.certificate}).find("purpose"), std::string::npos);
}

TEST_F(VerifyClientCertificateTest, ADeviceCannotIssue) {
  const auto forged =
      must(issue(contents_for("forged"), rsa_key(), device_.certificate, device_.key));
  EXPECT_NE(refusal(forged, {device_.certificate}, {root_.certificate}), "");
}

TEST_F(VerifyClientCertificateTest, AnIntermediateIsNoAnchor) {
  const auto stranger = authority("Other Authority", rsa_key());
  CertificateTemplate contents = contents_for("Example Sub", Purpose::authority);
  const auto intermediate = must(issue(contents, ec_key(), root_.certificate, root_.key));
  const auto leaf = must(issue(contents_for("phone"), rsa_key(), intermediate, ec_key()));

  EXPECT_EQ(refusal(leaf, {intermediate}, {root_.certificate}), "");
  EXPECT_NE(refusal(leaf, {}, {root_.certificate}), "");
  EXPECT_NE(refusal(leaf, {}, {intermediate}), "");
  EXPECT_NE(refusal(leaf, {intermediate}, {stranger.certificate}), "");
}

}  // namespace
}  // namespace reveille::pki
