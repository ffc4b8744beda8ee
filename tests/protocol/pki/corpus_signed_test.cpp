// Signatures and certificates of the field: each file of the folder is in one of these tests, which
// asserts what the corpus's index says.
#include <gtest/gtest.h>

#include <set>

#include "protocol/base/base64.h"
#include "protocol/pki/cms.h"
#include "protocol/pki/mdm_signature.h"
#include "protocol/pki/proxy_header.h"
#include "protocol/pki/push_certificate.h"
#include "tests/protocol/pki/corpus.h"
#include "tests/protocol/pki/identities.h"

namespace reveille::pki {
namespace {

class SignedCorpusTest : public CorpusTest {
 protected:
  SignedCorpusTest() : CorpusTest("signed") {}

  std::vector<Certificate> apple_chain() const {
    return must(Certificate::all_from_pem(contents_of("apple-iphone-device-ca-fullchain.pem")));
  }
};

Time at(int year, unsigned month, unsigned day) {
  return std::chrono::sys_days(std::chrono::year(year) / month / day);
}

TEST_F(SignedCorpusTest, EveryFileIsInATest) {
  expect_only(std::set<std::string>{"apns-mdm-push-cert-2021.pem",
                                    "apns-mock-push-cert-no-uid.pem",
                                    "apns-mock-push-cert.pem",
                                    "apple-iphone-device-ca-fullchain.pem",
                                    "apple-root-ca.cer",
                                    "client-cert-header-query-escaped-pem.txt",
                                    "client-cert-header-rfc9440.txt",
                                    "device-leaf-2018.pem",
                                    "device-leaf-2024.pem",
                                    "machineinfo-account-driven-iphone-ios-15.7.b64",
                                    "machineinfo-account-driven-iphone-ios-15.7.ber",
                                    "machineinfo-body-ipad-ios-12-beta.plist",
                                    "malformed-ber-1.ber",
                                    "malformed-ber-10.ber",
                                    "malformed-ber-2.ber",
                                    "malformed-ber-3.ber",
                                    "malformed-ber-4.ber",
                                    "malformed-ber-6.ber",
                                    "malformed-ber-7.ber",
                                    "malformed-ber-8.ber",
                                    "malformed-ber-9.ber",
                                    "mdm-signature-idle-macos.b64",
                                    "mdm-signature-idle-macos.ber",
                                    "synthetic-device-root.pem",
                                    "synthetic-machineinfo-ade-macos-14.5.ber",
                                    "synthetic-machineinfo-ade-macos-14.5.header.txt"});
}

TEST_F(SignedCorpusTest, APushCertificateOfAppleHasItsTopicAndDates) {
  const auto certificate = must(Certificate::from_pem(contents_of("apns-mdm-push-cert-2021.pem")));
  EXPECT_EQ(certificate.user_id(), "com.apple.mgmt.External.e0bd1eac-1f17-4c8e-8a63-dd17d3dd35d9");
  EXPECT_GT(certificate.not_after(), at(2022, 2, 10));
  EXPECT_LT(certificate.not_after(), at(2022, 2, 11));
}

TEST_F(SignedCorpusTest, MockPushCertificatesHaveATopicOrNot) {
  const Bytes with_topic = contents_of("apns-mock-push-cert.pem");
  EXPECT_EQ(must(Certificate::from_pem(with_topic)).user_id(),
            "com.apple.mgmt.External.18a16429-886b-41f1-9c30-2bd04ae4fc37");
  EXPECT_EQ(must(Certificate::from_pem(contents_of("apns-mock-push-cert-no-uid.pem"))).user_id(),
            std::nullopt);

  // Alone they are no credentials: the key is missing.
  EXPECT_EQ(parse_push_certificate(with_topic).error().detail, "push certificate: no private key");
}

TEST_F(SignedCorpusTest, TheDeviceCaExpiredIn2014AndStillIssues) {
  const auto chain = apple_chain();
  ASSERT_EQ(chain.size(), 3U);
  EXPECT_EQ(chain[0].common_name(), "Apple iPhone Device CA");
  EXPECT_LT(chain[0].not_after(), at(2014, 12, 31));
  for (const std::string name : {"device-leaf-2018.pem", "device-leaf-2024.pem"}) {
    EXPECT_GT(must(Certificate::from_pem(contents_of(name))).not_before(), chain[0].not_after());
  }
}

TEST_F(SignedCorpusTest, AppleRootIsReadFromDer) {
  const auto root = must(Certificate::from_der(contents_of("apple-root-ca.cer")));
  EXPECT_EQ(root.common_name(), "Apple Root CA");
  EXPECT_TRUE(root.is_self_signed());
  EXPECT_GT(root.not_after(), at(2035, 2, 9));
  EXPECT_EQ(root, apple_chain()[2]);
}

TEST_F(SignedCorpusTest, BothFormsOfAProxysHeaderHoldTheSameCertificate) {
  const auto from_rfc9440 =
      must(certificate_from_proxy_header(contents_of("client-cert-header-rfc9440.txt")));
  const auto from_pem =
      must(certificate_from_proxy_header(contents_of("client-cert-header-query-escaped-pem.txt")));
  EXPECT_EQ(from_rfc9440.common_name(), "mdm.example.org");
  EXPECT_EQ(from_pem.common_name(), "mdm.example.org");
  EXPECT_EQ(from_rfc9440, from_pem);
}

TEST_F(SignedCorpusTest, DeviceLeavesSayWhoTheyAre) {
  const auto of_2018 = must(Certificate::from_pem(contents_of("device-leaf-2018.pem")));
  EXPECT_EQ(of_2018.subject(), "CN=6001A957-6FC5-4856-8C5E-DC2E32C61CB9");
  EXPECT_LT(of_2018.not_after(), at(2019, 11, 9));
  const auto of_2024 = must(Certificate::from_pem(contents_of("device-leaf-2024.pem")));
  EXPECT_NE(of_2024.subject().find("OU=iPhone,O=Apple Inc.,L=Cupertino"), std::string::npos);
  EXPECT_LT(of_2024.not_after(), at(2027, 4, 30));
}

TEST_F(SignedCorpusTest, AppleLeavesReachTheirIssuerButNoneOfOurs) {
  const auto chain = apple_chain();
  const auto leaf = must(Certificate::from_pem(contents_of("device-leaf-2018.pem")));
  const std::vector<Certificate> ours{authority().certificate};
  EXPECT_FALSE(verify_client_certificate(leaf, chain, ours, at(2019, 1, 1)));

  // The whole chain is never valid at one time: its date is all that is wrong with it.
  const std::vector<Certificate> apple{chain[2]};
  const auto verified = verify_client_certificate(leaf, chain, apple, at(2019, 1, 1));
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().detail, "client certificate: certificate has expired");
}

TEST_F(SignedCorpusTest, MachineInfoOfAnIphoneIsVerifiedThroughItsBer) {
  const Bytes ber = contents_of("machineinfo-account-driven-iphone-ios-15.7.ber");
  const auto decoded = from_base64(contents_of("machineinfo-account-driven-iphone-ios-15.7.b64"));
  EXPECT_EQ(decoded, ber);

  const auto verified = must(verify_attached(ber));

  for (const std::string part : {"ja-JP", "iPhone12,1", "19H12"}) {
    EXPECT_NE(verified.content.find(part), Bytes::npos) << part;
  }
  for (const std::string absent : {"UDID", "SERIAL"}) {
    EXPECT_EQ(verified.content.find(absent), Bytes::npos) << absent;
  }
  EXPECT_TRUE(verified.content.ends_with("</plist>\n"));
  EXPECT_EQ(verified.certificates.front().common_name().empty(), false);
  const auto chain = apple_chain();
  const std::vector<Certificate> apple{chain[2]};
  const auto chained = verify_client_certificate(verified.signer, chain, apple, at(2022, 9, 20));
  ASSERT_FALSE(chained);
  EXPECT_EQ(chained.error().detail, "client certificate: certificate has expired");
}

// What is left when a signature has been removed is no signed message.
TEST_F(SignedCorpusTest, ABareMachineInfoIsNoCms) {
  const Bytes body = contents_of("machineinfo-body-ipad-ios-12-beta.plist");
  EXPECT_NE(body.find("BLXLN1111111"), Bytes::npos);
  EXPECT_NE(body.find(std::string(32, '0')), Bytes::npos);
  const auto verified = verify_attached(body);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, ErrorCode::malformed);
}

TEST_F(SignedCorpusTest, BrokenBerIsRefusedEverywhere) {
  for (const std::string number : {"1", "2", "3", "4", "6", "7", "8", "9", "10"}) {
    const Bytes ber = contents_of("malformed-ber-" + number + ".ber");
    ASSERT_FALSE(ber.empty());
    EXPECT_EQ(verify_attached(ber).error().code, ErrorCode::malformed) << number;
    EXPECT_EQ(verify_detached(ber, "").error().code, ErrorCode::malformed) << number;
    EXPECT_EQ(unwrap_certificates(ber).error().code, ErrorCode::malformed) << number;
    EXPECT_EQ(Certificate::from_der(ber).error().code, ErrorCode::malformed) << number;
  }
}

TEST_F(SignedCorpusTest, TheMdmSignatureOfAMacHoldsForItsBody) {
  const std::string header = contents_of("mdm-signature-idle-macos.b64");
  const Bytes body = contents_of("../results/idle-macos-device.plist");
  EXPECT_EQ(from_base64(header), contents_of("mdm-signature-idle-macos.ber"));

  const auto signer = must(verify_mdm_signature(header, body));

  EXPECT_EQ(signer.subject(), "");
  EXPECT_FALSE(verify_mdm_signature(header, body + "\n"));
  EXPECT_EQ(must(verify_detached(contents_of("mdm-signature-idle-macos.ber"), body)), signer);
}

TEST_F(SignedCorpusTest, SyntheticMachineInfoIsVerifiedAndIsNotApples) {
  const Bytes ber = contents_of("synthetic-machineinfo-ade-macos-14.5.ber");
  EXPECT_EQ(from_base64(contents_of("synthetic-machineinfo-ade-macos-14.5.header.txt")), ber);
  const auto root = must(Certificate::from_pem(contents_of("synthetic-device-root.pem")));

  const auto verified = must(verify_attached(ber));

  EXPECT_NE(verified.content.find("00008112-001C2D3E4F5A6B7C"), Bytes::npos);
  const std::vector<Certificate> synthetic{root};
  const std::vector<Certificate> apple{apple_chain()[2]};
  EXPECT_TRUE(verify_client_certificate(verified.signer, verified.certificates, synthetic, today));
  EXPECT_FALSE(verify_client_certificate(verified.signer, verified.certificates, apple, today));
}

}  // namespace
}  // namespace reveille::pki
